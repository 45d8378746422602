"""Plugins that do each of the deeds of `containment`, in this process or in one of their own."""

import asyncio
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn, cast

import anyio

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings

REFUSAL = Refusal(1, 1, 3, "as it should be")
PRINTED_LINES = 40_000

RELEASE = threading.Event()
"""What hangs in a thread of the test process goes on when it is set."""


class MisbehavingSettings(Settings):
    at_startup: str = ""
    at_shutdown: str = ""


class Misbehaving(Plugin[MisbehavingSettings]):
    """Asked by a calling AE title that names a deed, it does it; each is told before it is done."""

    settings_class = MisbehavingSettings

    async def startup(self) -> None:
        await self._at(self.settings.at_startup)

    async def shutdown(self) -> None:
        await self._at(self.settings.at_shutdown)

    async def _at(self, deed: str) -> None:
        if deed:
            await self._do(deed)

    async def _do(self, deed: str) -> Refusal | None:
        self.host.logger.info("misbehaving", deed=deed)
        answer = DEEDS[deed](self)
        return cast("Refusal | None", await answer if asyncio.iscoroutine(answer) else answer)


class Gate(Misbehaving):
    @hookimpl
    async def pacsd_association_requested(self, request: AssociationRequest) -> Refusal | None:
        return await self._do(request.calling_ae)


class PlainGate(Misbehaving):
    """The same in a plain function."""

    @hookimpl
    def pacsd_association_requested(self, request: AssociationRequest) -> Refusal | None:
        self.host.logger.info("misbehaving", deed=request.calling_ae)
        return cast("Refusal | None", DEEDS[request.calling_ae](self))


def raises(_: Misbehaving) -> NoReturn:
    raise KeyError("not there")


def exits(_: Misbehaving) -> NoReturn:
    raise SystemExit(3)


def cancels(_: Misbehaving) -> NoReturn:
    raise asyncio.CancelledError


def holds_itself(_: Misbehaving) -> Refusal:
    ring: list[Any] = []
    ring.append(ring)
    return Refusal(1, 1, 3, cast("str", ring))


def block(_: Misbehaving) -> None:
    RELEASE.wait()


def hold_interpreter(_: Misbehaving) -> None:
    ctypes.PyDLL(None).sleep(1_000)


def stop_itself(_: Misbehaving) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def close_descriptors(_: Misbehaving) -> None:
    os.closerange(0, 1_024)


def fork(plugin: Misbehaving) -> None:
    child = os.fork()
    if child == 0:
        while True:
            time.sleep(1_000)
    plugin.host.logger.info("forked", pid=child)


def prints(_: Misbehaving) -> None:
    for number in range(PRINTED_LINES):
        sys.stdout.write(f"line {number:>94}\n")


def with_reason(junk: object) -> Refusal:
    """A refusal that its own check would not let pass."""
    refusal = Refusal(1, 1, 3, "junk")
    object.__setattr__(refusal, "reason", junk)
    return refusal


DEEDS: dict[str, Callable[[Misbehaving], object]] = {
    "behaves": lambda _: REFUSAL,
    "raises": raises,
    "exits": exits,
    "cancels": cancels,
    "wrong_type": lambda _: with_reason("3"),
    "holds_itself": holds_itself,
    "not_a_number": lambda _: with_reason(float("nan")),
    "huge_number": lambda _: with_reason(2**80),
    "long_answer": lambda _: Refusal(1, 1, 3, "x" * 10_000_000),
    "never_answers": lambda _: anyio.sleep_forever(),
    "never_returns": block,
    "blocks_loop": block,
    "holds_interpreter": hold_interpreter,
    "ends_process": lambda _: os._exit(5),
    "crashes": lambda _: os.abort(),
    "stops_itself": stop_itself,
    "eats_memory": lambda _: bytearray(10 * 1024**3) and None,
    "closes_descriptors": close_descriptors,
    "forks": fork,
    "prints": prints,
    "startup_waits": lambda _: anyio.sleep_forever(),
    "startup_blocks": block,
    "shutdown_raises": raises,
    "shutdown_waits": lambda _: anyio.sleep_forever(),
}
