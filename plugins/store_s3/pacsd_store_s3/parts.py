"""The parts of a store that work together, put together and kept running."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
from pacsd_s3_client.far import Far

from pacsd.api.errors import StoreError
from pacsd.api.plugin import Logger
from pacsd.api.store import BlobStore
from pacsd_store_s3.backoff import WHEN_REFUSED, WHILE_DOWN, Backoff
from pacsd_store_s3.belonging import Owner
from pacsd_store_s3.cache import Cache
from pacsd_store_s3.catalogue import Catalogue
from pacsd_store_s3.copies import Copies
from pacsd_store_s3.entries import UNKNOWN_FLOOR
from pacsd_store_s3.evicting import Evicting
from pacsd_store_s3.fetching import Fetching
from pacsd_store_s3.keys import Names
from pacsd_store_s3.ledger import Ledger
from pacsd_store_s3.line import WaitingLine
from pacsd_store_s3.listing import Listing
from pacsd_store_s3.removing import Removing
from pacsd_store_s3.scanning import Scan
from pacsd_store_s3.segments import Segments
from pacsd_store_s3.settings import StoreS3Settings
from pacsd_store_s3.staging import Room
from pacsd_store_s3.state_log import MirroredStateLog
from pacsd_store_s3.upload import Upload
from pacsd_store_s3.uploading import Uploading


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait between tries."""

    while_down: Backoff = WHILE_DOWN
    when_refused: Backoff = WHEN_REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a store is made of."""

    generation: int
    spool: BlobStore
    catalogue: Catalogue
    ledger: Ledger
    room: Room
    line: WaitingLine
    uploading: Uploading
    removing: Removing
    evicting: Evicting
    fetching: Fetching
    listing: Listing
    state_log: MirroredStateLog
    logger: Logger

    def complaints(self) -> Iterator[str]:
        """What somebody should look at, a sentence each."""
        waiting = f"{self.catalogue.waiting_objects} objects wait"
        outage = self.line.outage
        if outage is not None:
            for_s = anyio.current_time() - outage.since_s
            why = outage.why.sentence
            bytes_ = self.catalogue.waiting_bytes
            yield f"far store: {why}, for {for_s:.0f} s; {waiting}, of {bytes_} bytes"
        if self.line.refused:
            yield f"far store: {self.line.refused} objects are refused, {self.line.last_refusal}"
        if self.state_log.failure is not None and outage is None:
            yield f"far store: the state log is not mirrored: {self.state_log.failure}"
        if self.ledger.is_broken:
            yield "far store: what it has cannot be noted; the cache does not shrink"
        if self.fetching.damaged:
            yield f"far store: gave other bytes than it was given, {self.fetching.damaged} times"

    async def run(self, at_once: int) -> None:
        """Upload, remove, evict, mirror and fill the cache, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.uploading.run, at_once, name="store_s3: upload")
            tasks.start_soon(self.removing.run, at_once, name="store_s3: remove")
            tasks.start_soon(self.evicting.run, name="store_s3: evict")
            tasks.start_soon(self.ledger.run, name="store_s3: write the ledger")
            tasks.start_soon(self.state_log.run, name="store_s3: mirror the state log")
            tasks.start_soon(self.fetching.run, name="store_s3: fill the cache")


@asynccontextmanager
async def opened(
    name: str,
    settings: StoreS3Settings,
    spool: BlobStore,
    far: Far,
    data_dir: Path,
    logger: Logger,
    patience: Patience | None = None,
) -> AsyncIterator[Parts]:
    """The parts on an opened spool, which runs on when they are closed.

    Raises:
        BelongingError: spool, bucket and data directory do not go together.
        StoreError: the spool fails.
        OSError: the data directory cannot be used.
    """
    names = Names(settings.prefix)
    data_file = data_dir / f"{name}.json"
    owner = Owner(spool, far, names, data_file, logger, wanted=settings.identity)
    belonging = await owner.settle()
    catalogue = Catalogue()
    ledger = Ledger(data_dir / f"{name}.ledger", catalogue)
    try:
        floor = f"{belonging.generation:04x}/" if belonging.has_others else ""
        await ledger.open(floor_without=floor if belonging.is_new_spool else UNKNOWN_FLOOR)
        copies = Copies(spool, belonging.identity)
        scan = Scan(spool, copies, catalogue, ledger, belonging.generation)
        await scan.run()
        await ledger.make_anew()
        ground = _Ground(
            name, settings, spool, far, names, catalogue, ledger, logger, patience or Patience()
        )
        made = _put_together(ground, copies, belonging.generation)
        for key in scan.waiting:
            made.line.join(key)
        for key in catalogue.deleted:
            made.removing.remove(key)
        yield made
    finally:
        with anyio.CancelScope(shield=True), suppress(StoreError):
            await ledger.settle()
        ledger.close()


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the parts stand on."""

    name: str
    settings: StoreS3Settings
    spool: BlobStore
    far: Far
    names: Names
    catalogue: Catalogue
    ledger: Ledger
    logger: Logger
    patience: Patience


def _put_together(on: _Ground, copies: Copies, generation: int) -> Parts:
    line = WaitingLine(while_down=on.patience.while_down, when_refused=on.patience.when_refused)
    evicting = Evicting(
        on.spool,
        on.catalogue,
        on.ledger.settle,
        on.logger,
        max_bytes=on.settings.max_cache_bytes,
        keep_free_bytes=on.settings.keep_free_bytes,
    )
    return Parts(
        generation=generation,
        spool=on.spool,
        catalogue=on.catalogue,
        ledger=on.ledger,
        room=Room(
            on.catalogue,
            max_bytes=on.settings.max_waiting_bytes,
            max_objects=on.settings.max_waiting_objects,
        ),
        line=line,
        uploading=_uploading(on, line, evicting),
        removing=Removing(
            on.far,
            on.names,
            on.catalogue,
            on.ledger,
            line,
            on.logger,
            backoff=on.patience.while_down,
        ),
        evicting=evicting,
        fetching=_fetching(on, copies, evicting),
        listing=Listing(on.name, on.far, on.names, on.catalogue),
        state_log=MirroredStateLog(
            on.spool.state_log,
            Segments(on.far, on.names),
            on.logger,
            backoff=on.patience.while_down,
        ),
        logger=on.logger,
    )


def _uploading(on: _Ground, line: WaitingLine, evicting: Evicting) -> Uploading:
    upload = Upload(
        on.spool,
        on.far,
        on.names,
        part_bytes=on.settings.part_bytes,
        max_whole_bytes=on.settings.max_whole_bytes,
    )
    return Uploading(upload, on.catalogue, on.ledger, line, on.logger, evicting.wake)


def _fetching(on: _Ground, copies: Copies, evicting: Evicting) -> Fetching:
    cache = Cache(
        on.spool,
        copies,
        on.catalogue,
        on.ledger,
        evicting,
        on.logger,
        max_bytes=on.settings.max_cache_bytes,
    )
    return Fetching(
        on.far,
        on.names,
        on.logger,
        cache.keep,
        at_once=on.settings.concurrency,
        max_whole_bytes=on.settings.max_whole_bytes,
    )
