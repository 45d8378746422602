"""The index of a daemon: opened in the data directory, and brought up to the store at start."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pacsd.api.store import BlobStore
from pacsd.app import index_folder
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import IndexSettings
from pacsd.archive.admittance import Decide
from pacsd.archive.adoption import MAX_FILES, adopt
from pacsd.archive.mirror import Mirror
from pacsd.archive.register import Register
from pacsd.archive.replay import replay, unmirrored
from pacsd.archive.stores import parts_of
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.index import INDEX_FILE, Index, open_index
from pacsd.index.quarantining import QuarantineBounds
from pacsd.index.records import IndexHealth
from pacsd.index.sqlite import Durability

_log = structlog.get_logger("pacsd.index")


class IndexUnusable(Exception):
    """The index is of no use for this store: it has to be made anew. The text says how."""


@asynccontextmanager
async def opened(settings: IndexSettings, data_dir: Path) -> AsyncIterator[Index]:
    """The index in the data directory, made or upgraded if need be.

    Raises:
        IndexFault: it cannot be opened.
        OSError: its directory cannot be made.
    """
    folder = index_folder.settled(data_dir)
    bounds = QuarantineBounds(
        settings.quarantined_versions, settings.quarantined_versions_per_instance
    )
    async with open_index(
        folder, now_us=utc_us, durability=Durability(settings.durability), bounds=bounds
    ) as index:
        _tell_opened(index)
        yield index


def check_usable(fault: IndexFault, data_dir: Path) -> None:
    """See whether a fault of the index may pass.

    Raises:
        IndexUnusable: it may not: the file is damaged.
    """
    if fault.kind is IndexFaultKind.CORRUPT:
        path = data_dir / index_folder.FOLDER / INDEX_FILE
        raise IndexUnusable(
            f"{path} is damaged ({fault.explanation}): "
            "`pacsd index rebuild` makes it anew of the stored files"
        ) from fault


async def adopt_left_over(
    store: BlobStore,
    store_name: str,
    register: Register,
    decide: Decide | None = None,
    *,
    is_new_index: bool = False,
) -> bool:
    """Index what a crash left durable in the store but nobody acknowledged; whether that is all.

    `is_new_index`: there was none, so that this is all there is; else `decide` is asked about what
    may not have been decided before the crash.

    Raises:
        StoreError: the store cannot be listed, or a file not be removed.
        IndexFault: the index takes nothing.
    """
    is_lost = is_new_index and await _has_files(store, store_name)
    if is_lost:
        _log.warning("the index was not there: it is being made of the files in the store")
    adopted = await adopt(store, store_name, register, None if is_new_index else decide)
    if is_lost:
        _log.warning(
            "the index was made of files in the store",
            indexed=adopted.indexed,
            removed=adopted.removed,
        )
    elif adopted.indexed or adopted.removed:
        _log.warning(
            "files that a crash had left over were indexed",
            indexed=adopted.indexed,
            removed=adopted.removed,
        )
    if adopted.kept:
        _log.error(
            "files were left: what the index has in their place is missing or bad: `pacsd fsck`",
            files=adopted.kept,
        )
    if adopted.stuck:
        _log.warning(
            "files of what was removed for good are still there: their store does not remove them",
            files=adopted.stuck,
        )
    if adopted.unreadable:
        _log.error("files in the store cannot be understood", files=adopted.unreadable)
    if not adopted.is_complete:
        _log.error(
            "the index lacks many files of the store, which nobody finds now: "
            "stop the daemon and make it anew with `pacsd index rebuild`",
            at_least=MAX_FILES,
        )
    return adopted.is_complete


async def _has_files(store: BlobStore, store_name: str) -> bool:
    for part in parts_of(store, store_name).values():
        if (await part.list()).locations:
            return True
    return False


async def check_lost(store: BlobStore) -> None:
    """See whether an index that is not there may be made of the files alone, at start.

    Raises:
        IndexUnusable: decisions were made about them, which take their places among them.
        StoreError: the state log cannot be read.
    """
    async with aclosing(store.state_log.read()) as records:
        async for _ in records:
            raise IndexUnusable(
                "it is not there, but the state log has decisions: "
                "make it anew with `pacsd index rebuild`"
            )


async def catch_up(store: BlobStore, index: Index, *, is_complete: bool) -> None:
    """Carry out what was decided, and logged in the store, but not yet mirrored by the index.

    `is_complete`: the index knows the files of the store. Of those it does not know, decisions
    would be taken for carried out, and what was deleted come back with the next check.

    Raises:
        IndexUnusable: it does not know the files that decisions are about.
        StateRecordError: the log holds what is not understood, or is not of this index.
        StoreError: it cannot be read.
        IndexFault: the index takes nothing.
    """
    if not is_complete and (await unmirrored(store.state_log, index))[1]:
        raise IndexUnusable(
            "the index lacks many files of the store, and decisions about them: "
            "make it anew with `pacsd index rebuild`"
        )
    _, missed = await replay(store.state_log, index, Mirror(store, index))
    if missed:
        _log.warning("decisions that a crash had interrupted were carried out", decisions=missed)


class IndexCollector(Collector):
    """The index as Prometheus sees it."""

    def __init__(self, health: Callable[[], IndexHealth]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Read the counters now."""
        health = self._health()
        yield GaugeMetricFamily(
            "pacsd_index_waiting_units", "Calls that wait for the index", health.waiting_units
        )
        yield GaugeMetricFamily(
            "pacsd_index_wal_bytes", "Size of the write-ahead log", health.wal_bytes
        )
        yield CounterMetricFamily(
            "pacsd_index_failed_checkpoints",
            "Times the write-ahead log could not be copied",
            health.failed_checkpoints,
        )
        yield CounterMetricFamily(
            "pacsd_index_header_failures",
            "Times the header database could not be written",
            health.header_failures,
        )


def _tell_opened(index: Index) -> None:
    health = index.health()
    if health.upgraded_from:
        _log.info("index upgraded", before=health.upgraded_from)
    if health.headers_recreated_because:
        _log.warning("header database made anew", because=health.headers_recreated_because)
