"""The index made anew while no daemon runs: of the store alone, in a folder beside the old one."""

import logging
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import anyio
import anyio.to_thread
import structlog

from pacsd.api.errors import PluginError, StoreError
from pacsd.api.plugin import Logger
from pacsd.api.store import BlobStore
from pacsd.app import index_folder, stores_found
from pacsd.app.conf.settings import Config
from pacsd.app.plugins.beside import tasks_beside
from pacsd.app.plugins.loading import load
from pacsd.archive.rebuild import Clock, Progress, Rebuilt, rebuild
from pacsd.archive.state_records import StateRecordError
from pacsd.index.errors import IndexFault
from pacsd.index.index import open_index
from pacsd.index.quarantining import QuarantineBounds
from pacsd.index.records import IndexStats, Scope
from pacsd.index.sqlite import Durability

_NO_BOUNDS = QuarantineBounds(versions=2**62, versions_per_instance=2**62)
"""What lies in quarantine stays there, whatever the settings allow to come."""


class RebuildError(Exception):
    """The index was not made; the one there was is untouched. The text says why."""


class ToldProgress(Progress, Protocol):
    """A progress that is also told what is to be expected, if `is_shown`: counting takes time."""

    @property
    def is_shown(self) -> bool:
        """Whether anybody looks."""

    def expect(self, files: int, /) -> None:
        """So many files there are, as far as they are counted."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it, what the new index holds, and where the one before lies now, if any.

    `stores` are those that were read; `are_compared`: no other one was in use, says the one before.
    """

    rebuilt: Rebuilt
    stats: IndexStats
    before: Path | None
    stores: tuple[str, ...]
    are_compared: bool


async def rebuild_index(config: Config, data_dir: Path, progress: ToldProgress) -> Made:
    """Make the index anew; the caller holds the data directory's lock.

    Raises:
        RebuildError: it could not be made.
        ConfigErrors: the store's settings are wrong.
    """
    try:
        async with _opened_stores(config, data_dir) as stores:
            in_use = await anyio.to_thread.run_sync(index_folder.stores_in_use, data_dir)
            _check_configured(stores, in_use or ())
            store = stores_found.together(stores, ())
            rebuilt, stats, before = await _rebuild(store, data_dir, progress)
            return Made(rebuilt, stats, before, tuple(stores), in_use is not None)
    except ExceptionGroup as group:
        faults, rest = group.split(_FAULTS)
        if faults is None or rest is not None:
            raise
        raise RebuildError(f"index rebuild: {_first(faults)}") from group
    except _FAULTS as error:
        raise RebuildError(f"index rebuild: {error}") from error


def _check_configured(stores: Mapping[str, BlobStore], in_use: Collection[str]) -> None:
    """See that what the index knows would not be forgotten for want of its store.

    Raises:
        RebuildError: it would.
    """
    missing = sorted({*in_use} - stores.keys())
    if missing:
        raise RebuildError(
            f"index rebuild: stored objects lie in store '{missing[0]}', which is not configured: "
            "name it in store.others"
        )


async def _rebuild(
    store: BlobStore, data_dir: Path, progress: ToldProgress
) -> tuple[Rebuilt, IndexStats, Path | None]:
    folder = await anyio.to_thread.run_sync(index_folder.begin, data_dir)
    clock = Clock()
    async with (
        anyio.create_task_group() as tasks,
        # Nobody waits for a single commit: the whole folder is flushed in the end.
        open_index(folder, now_us=clock, durability=Durability.RELAXED, bounds=_NO_BOUNDS) as index,
    ):
        if progress.is_shown:
            tasks.start_soon(_count, store, progress, name="count files")
        rebuilt = await rebuild(store, index, clock, progress)
        stats = await index.stats(Scope())
        tasks.cancel_scope.cancel()
    before = await anyio.to_thread.run_sync(index_folder.complete, data_dir)
    return rebuilt, stats, before


async def _count(store: BlobStore, progress: ToldProgress) -> None:
    """Count files ahead of reading them."""
    files, page = 0, await store.list()
    while True:
        files += len(page.locations)
        progress.expect(files)
        if page.next_cursor is None:
            return
        page = await store.list(page.next_cursor)


@asynccontextmanager
async def _opened_stores(config: Config, data_dir: Path) -> AsyncIterator[Mapping[str, BlobStore]]:
    """The stores, opened as the daemon does: they may be made of what other plugins give."""
    loaded = load(config, data_dir, _logger)
    problems = await anyio.to_thread.run_sync(loaded.check)
    if problems:
        raise problems[0]
    async with tasks_beside() as tasks:
        await loaded.start(tasks)
        try:
            yield await stores_found.found(loaded.hooks, config.store)
        finally:
            await loaded.stop()


def _logger(_: str) -> Logger:
    """Warnings only: whoever looks on has a bar to look at."""
    only_warnings = structlog.make_filtering_bound_logger(logging.WARNING)
    logger: Logger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr), wrapper_class=only_warnings
    )
    return logger


def _first(faults: BaseException) -> BaseException:
    while isinstance(faults, BaseExceptionGroup):
        faults = faults.exceptions[0]
    return faults


_FAULTS = (IndexFault, StoreError, StateRecordError, PluginError, OSError)
