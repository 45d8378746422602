"""A group of staged objects made durable: the file store's part of the durable-write protocol.

    fsync each file -> name each by a rising number, never over a file -> fsync the directories

Only then anybody may be told that an object is stored.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pacsd.api.crashpoints import crashpoint
from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Location
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.health import Health, store_error
from pacsd_store_fs.layout import Place
from pacsd_store_fs.numbers import Numbers
from pacsd_store_fs.stage import FileStage

MAX_TRIES = 8


@dataclass(slots=True)
class _Entry:
    """One object on its way through the group; `place` counts once it is renamed."""

    stage: FileStage
    outcome: Location | StoreError
    place: Place


class GroupCommit:
    """Commits groups, one at a time. Everything here blocks."""

    def __init__(
        self,
        store: str,
        objects: Path,
        disk: Disk,
        health: Health,
        flushers: Executor,
        *,
        sync: bool,
    ) -> None:
        self._store = store
        self._objects = objects
        self._disk = disk
        self._health = health
        self._flushers = flushers
        self._sync = sync
        self._numbers = Numbers(objects)
        self._known_durable: set[str] = set()

    def commit(self, stages: Sequence[FileStage]) -> list[Location | StoreError]:
        """Make the group durable; one answer each, in order."""
        unreached = StoreError(StoreFault.STOPPED, "commit not reached")
        entries = [_Entry(stage, unreached, Place(stage.partition, 0)) for stage in stages]
        sealed = self._seal_all(entries)
        crashpoint("after_fsync")
        renamed = [entry for entry in sealed if self._rename(entry)]
        crashpoint("after_rename")
        if self._sync:
            self._sync_directories(renamed)
        crashpoint("after_directory_fsync")
        for entry in entries:
            if isinstance(entry.outcome, StoreError):
                entry.stage.discard()
        return [entry.outcome for entry in entries]

    def _seal_all(self, entries: Sequence[_Entry]) -> list[_Entry]:
        """Flush all files; side by side, so that the file system's journal takes them together."""
        if len(entries) == 1:
            return [entry for entry in entries if self._seal(entry)]
        are_sealed = self._flushers.map(self._seal, entries)
        return [entry for entry, is_sealed in zip(entries, are_sealed, strict=True) if is_sealed]

    def _seal(self, entry: _Entry) -> bool:
        try:
            self._health.check_writable()
            entry.stage.seal(sync=self._sync)
        except StoreError as error:
            entry.outcome = error
            return False
        return True

    def _rename(self, entry: _Entry) -> bool:
        try:
            self._rename_to_free_place(entry)
        except OSError as error:
            entry.outcome = store_error("rename", error)
            return False
        entry.stage.renamed()
        entry.outcome = Location(self._store, entry.place.key, entry.stage.size_bytes)
        return True

    def _rename_to_free_place(self, entry: _Entry) -> None:
        """Rename to the next number; a directory that holds a name we did not give is left."""
        for left_tries in reversed(range(MAX_TRIES)):
            try:
                entry.place = self._numbers.take(entry.stage.partition)
                if entry.place.directory not in self._known_durable:
                    self._disk.make_directories(self._objects / entry.place.directory)
                self._disk.rename(entry.stage.path, self._objects / entry.place.key)
            except FileExistsError:
                self._numbers.leave_directory(entry.place)
                if not left_tries:
                    raise
            else:
                return

    def _sync_directories(self, renamed: Sequence[_Entry]) -> None:
        """Flush every directory the group renamed into; a failure fails all that lie in it."""
        by_directory: dict[str, list[_Entry]] = {}
        for entry in renamed:
            by_directory.setdefault(entry.place.directory, []).append(entry)
        for directory, inside in by_directory.items():
            try:
                self._sync_directory(directory)
            except OSError as error:
                self._undo(inside, self._health.sync_failed("fsync of a directory", error))

    def _sync_directory(self, directory: str) -> None:
        """Flush a directory, at its first use also the way to it: an earlier run may have died."""
        path = self._objects / directory
        self._disk.sync_directory(path)
        if directory in self._known_durable:
            return
        while path != self._objects:
            path = path.parent
            self._disk.sync_directory(path)
        self._known_durable.add(directory)

    def _undo(self, renamed: Sequence[_Entry], error: StoreError) -> None:
        """Take back renames that may not last; their directory is not used again."""
        for entry in renamed:
            entry.outcome = error
            self._numbers.leave_directory(entry.place)
            # What cannot be removed is an object nobody was told of, as after a power cut.
            with suppress(OSError):
                self._disk.remove(self._objects / entry.place.key)
