"""Folder: the port RouteTarget for one folder."""

import errno
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import TypeVar

import anyio
import anyio.to_thread

from pacsd.api.audit import AuditNote
from pacsd.api.host import HostError
from pacsd.api.instances import InstanceFacts
from pacsd.api.plugin import Host
from pacsd.api.route_target import Delivery, DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.dicom.errors import UIDError
from pacsd_target_folder.layout import place_of
from pacsd_target_folder.settings import FolderSettings
from pacsd_target_folder.state import why_not
from pacsd_target_folder.writing import Incomplete, sync_folders, write

T = TypeVar("T")

BYTES_A_SECOND = 1024 * 1024
"""A file that is written slower is not waited for."""

WRITERS = 4
"""Files that are written at once; so many threads a share that is gone can keep."""

_OF_ONE_FILE = frozenset(
    {errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EFBIG, errno.ELOOP}
)
"""What others need not meet."""


class FolderFault(Exception):
    """Nothing can be written now."""


class Folder:
    """The port RouteTarget. Threads do the work, some for each folder: none waits for another."""

    def __init__(self, settings: FolderSettings, host: Host) -> None:
        self._settings = settings
        self._host = host
        self._writers = anyio.CapacityLimiter(WRITERS)
        self._lookers = anyio.CapacityLimiter(1)

    async def check(self) -> str | None:
        """Why nothing can be written now."""
        try:
            return await self._in_time(partial(why_not, self._settings), self._lookers)
        except FolderFault as fault:
            return str(fault)

    async def send(self, delivery: Delivery, /) -> DeliveryResult:
        """Write instances; they are delivered once files and folders are flushed."""
        run = _Run(delivery)
        if (reason := await self.check()) is not None:
            return run.failed(reason)
        try:
            await self._write_all(delivery, run)
        except FolderFault as fault:
            return run.failed(str(fault))
        finally:
            await self._note(delivery, run)
        return run.result()

    async def _write_all(self, delivery: Delivery, run: "_Run") -> None:
        try:
            for facts in delivery.instances:
                await self._write_one(facts, run)
        finally:
            places = list(run.written.values())
            await self._in_time(partial(sync_folders, self._settings.path, places), self._writers)
            run.are_synced = True

    async def _write_one(self, facts: InstanceFacts, run: "_Run") -> None:
        """Write one; what is wrong with it alone is its own."""
        uid = facts.sop_instance_uid
        try:
            place = place_of(self._settings.layout, facts)
            source = await self._host.instances.open(uid)
        except UIDError as error:
            run.leave(uid, DeliveryOutcome.REFUSED, str(error))
            return
        except HostError as error:
            run.leave(uid, DeliveryOutcome.AGAIN, str(error))
            return
        work = partial(write, source, facts.size_bytes, self._settings.path, place)
        try:
            await self._in_time(work, self._writers, facts.size_bytes / BYTES_A_SECOND)
        except Incomplete as error:
            run.leave(uid, DeliveryOutcome.AGAIN, str(error))
        except _FileFault as fault:
            run.leave(uid, DeliveryOutcome.AGAIN, str(fault))
        else:
            run.written[uid] = place

    async def _in_time(
        self, work: Callable[[], T], limiter: anyio.CapacityLimiter, longer_s: float = 0.0
    ) -> T:
        """What a thread answers; one that is late is left behind, and keeps its place.

        Raises:
            FolderFault: it is late, or nothing else can be written either.
            _FileFault: this file cannot be written.
        """
        path, patience_s = self._settings.path, self._settings.patience_s + longer_s
        try:
            with anyio.fail_after(patience_s):
                return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)
        except TimeoutError:
            raise FolderFault(f"folder {path}: no answer within {patience_s:g} s") from None
        except OSError as error:
            kind = _FileFault if error.errno in _OF_ONE_FILE else FolderFault
            raise kind(f"folder {path}: {error.strerror or error}") from error

    async def _note(self, delivery: Delivery, run: "_Run") -> None:
        """What has left has left, however it ended."""
        if not run.written:
            return
        total, written = len(delivery.instances), len(run.written)
        outcome = "done" if written == total else "not all"
        detail = f"{written} of {total} instances to {delivery.target}"
        note = AuditNote("send", outcome, delivery.study_instance_uid, detail)
        await self._host.audit.append(note)


class _FileFault(Exception):
    """One file cannot be written."""


class _Run:
    """What becomes of the instances of one delivery."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._left: list[InstanceResult] = []
        self.written: dict[str, PurePosixPath] = {}
        self.are_synced = False

    def leave(self, uid: str, outcome: DeliveryOutcome, why: str) -> None:
        """One was not written."""
        self._left.append(InstanceResult(uid, outcome, why))

    def failed(self, why: str) -> DeliveryResult:
        """The folder failed: what was not written and flushed by then was not tried."""
        written = self.written if self.are_synced else ()
        done = (InstanceResult(uid, DeliveryOutcome.DELIVERED) for uid in written)
        return DeliveryResult(DeliveryOutcome.AGAIN, why, (*done, *self._left))

    def result(self) -> DeliveryResult:
        """All were tried."""
        return DeliveryResult(DeliveryOutcome.DELIVERED, exceptions=tuple(self._left))
