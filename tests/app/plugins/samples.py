"""Plugins for tests, found by their names as those of entry points are."""

import threading
from typing import ClassVar

import anyio

from pacsd.api import hooks
from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.plugin import Host, Plugin
from pacsd.api.settings import Settings


class Quiet(Plugin[Settings]):
    """Says that it is not well."""

    def check(self) -> list[str]:
        return [f"{self.host.name} is not well"]


class Well(Plugin[Settings]):
    """Has nothing to complain about."""


class Shelf(Plugin[Settings]):
    """Gives a store by its own name."""

    @hooks.hookimpl
    async def pacsd_blob_store(self, name: str) -> object:
        return self if name == self.host.name else None


class Unwell(Plugin[Settings]):
    def check(self) -> list[str]:
        return ["the disk is gone", "so is\nthe other\x1b[2J"]


class Unchecked(Plugin[Settings]):
    def check(self) -> list[str]:
        raise OSError("no route to host")


class Gate(Plugin[Settings]):
    """Lets nobody in."""

    @hooks.hookimpl
    async def pacsd_association_requested(self, request: AssociationRequest) -> Refusal:
        return Refusal(1, 1, 3, f"{self.host.name} knows no {request.calling_ae}")


class Unbuilt(Plugin[Settings]):
    def __init__(self, host: Host, settings: Settings) -> None:
        raise ValueError(f"no {host.name} with {settings}")


class Misspelt(Plugin[Settings]):
    @hooks.hookimpl
    def pacsd_asociation_requested(self) -> None: ...


class Misfit(Plugin[Settings]):
    @hooks.hookimpl
    def pacsd_association_requested(self, connection: object) -> None: ...


class Newer(Plugin[Settings]):
    api_versions = range(2, 4)


class HidingSettings(Settings):
    depth: int = 3
    trusted: bool = True
    memory_mb: int = 3


class Hiding(Plugin[HidingSettings]):
    settings_class = HidingSettings


class KeysSettings(Settings):
    depth: int = 3


class Keys(Plugin[KeysSettings]):
    settings_class = KeysSettings


NOT_A_PLUGIN = 7


class TellingSettings(Settings):
    depth: int = 3
    startup_error: str = ""
    waits: bool = False


class Telling(Plugin[TellingSettings]):
    """Tells of its life; starts as it is told to."""

    settings_class = TellingSettings
    life: ClassVar[list[str]] = []

    async def startup(self) -> None:
        self.life.append(f"{self.host.name} up {self.settings.depth}")
        if self.settings.startup_error:
            raise OSError(self.settings.startup_error)
        if self.settings.waits:
            await anyio.sleep_forever()

    async def shutdown(self) -> None:
        self.life.append(f"{self.host.name} down {self.settings.depth}")


class SlowlyChecked(Plugin[Settings]):
    """Its check takes until it is released."""

    released: ClassVar[threading.Event] = threading.Event()

    def check(self) -> list[str]:
        self.released.wait(60)
        return []
