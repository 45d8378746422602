"""The port `Instances` of one plugin."""

from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol

import anyio

from pacsd.api.instances import InstanceFacts
from pacsd.app.plugins.adding import FILES_AT_ONCE, add_file
from pacsd.app.plugins.stored_instances import StoredInstances
from pacsd.archive.ingest import Ingest


class OpenArchive(Protocol):
    """What is asked, while it is open; both raise HostError before and after."""

    @property
    def stored(self) -> StoredInstances:
        """The instances there are."""

    @property
    def ingest(self) -> Ingest:
        """The way in for others."""


class PluginsInstances:
    """What one plugin reads and adds."""

    def __init__(self, archive: OpenArchive, plugin: str, now_us: Callable[[], int]) -> None:
        self._archive = archive
        self._plugin = plugin
        self._now_us = now_us
        self._places = anyio.Semaphore(FILES_AT_ONCE)

    async def of_study(
        self, study_uid: str, series_uid: str = "", after: str = "", /
    ) -> Sequence[InstanceFacts]:
        """Instances of a study, by their UIDs."""
        return await self._archive.stored.of_study(study_uid, series_uid, after)

    async def header(self, sop_uid: str, /) -> bytes:
        """All attributes but bulk data."""
        return await self._archive.stored.header(sop_uid)

    async def read(self, sop_uid: str, offset: int, length: int, /) -> bytes:
        """Bytes of its file."""
        return await self._archive.stored.read(sop_uid, offset, length)

    async def open(self, sop_uid: str, /) -> BinaryIO:
        """Its file."""
        return await self._archive.stored.open(sop_uid)

    async def add(self, file: BinaryIO, /) -> str:
        """Take in a file."""
        ingest = self._archive.ingest
        async with self._places:
            return await add_file(file, self._plugin, ingest, self._now_us())
