"""The port `Instances` of one plugin."""

import os
from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol

import anyio
from anyio import to_thread

from pacsd.api.host import HostError
from pacsd.api.instances import InstanceFacts
from pacsd.app.plugins.adding import FILES_AT_ONCE, add_file
from pacsd.app.plugins.copy_place import read_only
from pacsd.app.plugins.lending import Lending
from pacsd.app.plugins.stored_instances import StoredInstances, check_range
from pacsd.archive.ingest import Ingest


class OpenArchive(Protocol):
    """What is asked, while it is open; `stored` and `ingest` raise HostError before and after."""

    @property
    def stored(self) -> StoredInstances:
        """The instances there are."""

    @property
    def ingest(self) -> Ingest:
        """The way in for others."""

    @property
    def lending(self) -> Lending:
        """What the targets of plugins are lent; always there."""


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
        """All attributes but bulk data; of a coerced copy its file has them."""
        if self._archive.lending.is_coerced(self._plugin, sop_uid):
            raise HostError("it is a coerced copy, of which there is no header: read its file")
        return await self._archive.stored.header(sop_uid)

    async def read(self, sop_uid: str, offset: int, length: int, /) -> bytes:
        """Bytes of its file, or of the copy that is lent."""
        with self._archive.lending.borrowed(self._plugin, sop_uid) as lent:
            if lent is not None:
                check_range(offset, length)
                return await to_thread.run_sync(os.pread, lent.fileno(), length, offset)
        return await self._archive.stored.read(sop_uid, offset, length)

    async def open(self, sop_uid: str, /) -> BinaryIO:
        """Its file, or that of the copy that is lent."""
        with self._archive.lending.borrowed(self._plugin, sop_uid) as lent:
            if lent is not None:
                return await to_thread.run_sync(read_only, lent)
        return await self._archive.stored.open(sop_uid)

    async def add(self, file: BinaryIO, /) -> str:
        """Take in a file."""
        ingest = self._archive.ingest
        async with self._places:
            return await add_file(file, self._plugin, ingest, self._now_us())
