"""The way into the archive: objects begun, written, made durable in groups, or refused."""

from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace

import anyio
from anyio.abc import TaskGroup

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore
from pacsd.archive.admittance import Choose, Decide
from pacsd.archive.committer import Committer
from pacsd.archive.disposal import Disposal
from pacsd.archive.examination import LOOKED_FOR
from pacsd.archive.instance import NEWLY_KEPT, IngestHealth, IngestOutcome, InstanceRequest
from pacsd.archive.intake import End, Fault, Intake
from pacsd.archive.memory import DEFAULT_CHUNK_BYTES, Memory
from pacsd.archive.observer import IngestObserver, NobodyObserves
from pacsd.archive.preamble import PreamblePolicy, stored_preamble
from pacsd.archive.precedence import Precedence
from pacsd.archive.register import Register
from pacsd.archive.second_look import SecondLook
from pacsd.archive.shelves import Shelves
from pacsd.archive.unsettled import Unsettled
from pacsd.dicom.part10 import ZERO_PREAMBLE
from pacsd.dicom.quirks import QuirkKind
from pacsd.index.errors import IndexFault
from pacsd.index.records import Outcome

__all__ = ["Ingest", "IngestHealth", "IngestOutcome", "InstanceRequest", "Intake"]

_SET_ASIDE = frozenset(
    {
        Outcome.HELD,
        Outcome.CONFLICT,
        Outcome.CONFLICT_FULL,
        Outcome.WAITING,
        Outcome.SUSPECT,
        Outcome.ASIDE_FULL,
    }
)

INDEX_TROUBLE_US = 60_000_000
"""So long a fault of the index is held against us, unless an object goes through it before."""

_STATUS_AGE_US = 1_000_000


@dataclass(slots=True)
class _Counts:
    """Of the objects that came."""

    became: Counter[Outcome | None] = field(default_factory=Counter)
    stored_bytes: int = 0
    quirks: Counter[QuirkKind] = field(
        default_factory=lambda: Counter(dict.fromkeys(LOOKED_FOR, 0))
    )
    zeroed_preambles: int = 0


class Ingest:
    """Takes objects in while `run` runs.

    `register` is the index. `store` is that of this name, or several together: then `choose` gives
    who is asked now in which an object is kept, once it was let in. `min_free_bytes` and
    `min_free_inodes` are the marks below which nothing is taken in, below twice as much is warned;
    `observer` is told of that and of every object not kept. `decide` gives who is asked now about
    an object whose header is known. `now_us` is a clock in microseconds that never goes back.
    `taking_in` is held while a file is removed that the index does not name; whoever takes such
    files in holds it, too.
    """

    def __init__(
        self,
        store: BlobStore,
        register: Register,
        *,
        now_us: Callable[[], int],
        store_name: str = "store",
        taking_in: anyio.Lock | None = None,
        precedence: Precedence | None = None,
        observer: IngestObserver | None = None,
        decide: Callable[[], Decide | None] = lambda: None,
        choose: Callable[[], Choose | None] = lambda: None,
        min_free_bytes: int = 0,
        min_free_inodes: int = 0,
        preamble_policy: PreamblePolicy = PreamblePolicy.KEEP_TIFF,
        chunk_bytes: int = DEFAULT_CHUNK_BYTES,
        max_pending_bytes_per_object: int = 8 * DEFAULT_CHUNK_BYTES,
        max_pending_bytes: int = 256 * 1024 * 1024,
        max_group: int = 256,
        max_group_bytes: int = 1024 * 1024 * 1024,
    ) -> None:
        self._store = store
        self._now_us = now_us
        self._observer = observer or NobodyObserves()
        self._decide = decide
        self._choose = choose
        self._memory = Memory(
            chunk_bytes=chunk_bytes,
            per_object_bytes=max_pending_bytes_per_object,
            total_bytes=max_pending_bytes,
        )
        self._shelves = Shelves(
            store,
            store_name,
            self._observer,
            min_free_bytes=min_free_bytes,
            min_free_inodes=min_free_inodes,
        )
        self.precedence = precedence or Precedence()
        """What can wait gives way to it."""
        taking_in = taking_in or anyio.Lock()
        self._disposal = Disposal(store, register, self._observer, taking_in)
        self._second_look = SecondLook(store, register, self._disposal.remove_unnamed, taking_in)
        self._committer = Committer(
            store,
            register,
            max_objects=max_group,
            max_bytes=max_group_bytes,
            precedence=self.precedence,
            unsettled=Unsettled(register, self._disposal.remove),
            dispose=self._disposal.add,
            after_group=self._look_if_old,
        )
        self._tasks: TaskGroup | None = None
        self._refreshed_at_us = 0
        self._counts = _Counts()
        self._index_trouble: str | None = None
        self._index_failed_at_us = 0
        self._preamble_policy = preamble_policy

    async def run(self, started: Callable[[], None] | None = None) -> None:
        """Commit and watch the store until cancelled; `started` is called once objects may come."""
        try:
            async with anyio.create_task_group() as tasks:
                self._refreshed_at_us = self._now_us()
                await tasks.start(self._shelves.run, name="ingest: watch the store")
                self._tasks = tasks
                await tasks.start(self._disposal.run, name="ingest: remove files")
                if started is not None:
                    started()
                try:
                    await self._committer.run()
                finally:
                    self._disposal.close()
        finally:
            self._tasks = None

    def admits(self) -> str | None:
        """Why nothing is taken in now, None when objects may come. As of the last look."""
        return "ingest is not running" if self._tasks is None else self._shelves.refusal

    def admits_senders(self) -> str | None:
        """Why nobody new may come to store, None when they may; sooner than `admits` says why."""
        return "ingest is not running" if self._tasks is None else self._shelves.door

    def unready(self) -> str | None:
        """Why this archive cannot be relied on now: as `admits`, or the index failed just now.

        Or one of several stores takes nothing in. Objects may come all the same: to others, and
        whether the index works again only they can show.
        """
        is_recent = self._now_us() - self._index_failed_at_us < INDEX_TROUBLE_US
        refusals = "; ".join(self._shelves.refusals)
        return self.admits() or refusals or (self._index_trouble if is_recent else None)

    def begin(self, request: InstanceRequest) -> Intake:
        """Open an object; cheap. While `admits` says why not, its outcome will be A700.

        Raises:
            Part10Error: the request holds a value that no file may have.
        """
        refusal = self.admits()
        return Intake(
            self._without_strange_preamble(request),
            store=self._store,
            memory=self._memory,
            committer=self._committer,
            second_look=self._second_look,
            spawn=self._spawn,
            refusal=None if refusal is None else StoreError(StoreFault.NOT_ADMITTED, refusal),
            on_end=self._ended,
            shelves=self._shelves,
            decide=self._decide,
            choose=self._choose(),
        )

    def troubles(self) -> Mapping[str, str]:
        """What is wrong with each store, by its name; '' if it is well."""
        stores = self._shelves.health()
        return {name: each.refusal or each.warning or "" for name, each in stores.items()}

    def health(self) -> IngestHealth:
        """How ingest is doing, for readiness and metrics."""
        return IngestHealth(
            refusal=self.admits(),
            warning=self._shelves.warning,
            open_objects=self._memory.open_objects,
            waiting_objects=self._committer.waiting_objects,
            became=dict(self._counts.became),
            stored_bytes=self._counts.stored_bytes,
            zeroed_preambles=self._counts.zeroed_preambles,
            quirks=dict(self._counts.quirks),
            stores=self._shelves.health(),
        )

    def _without_strange_preamble(self, request: InstanceRequest) -> InstanceRequest:
        if request.preamble is ZERO_PREAMBLE:
            return request
        preamble = stored_preamble(request.preamble, self._preamble_policy)
        if preamble != request.preamble:
            self._counts.zeroed_preambles += 1
            self._observer.preamble_zeroed(request.reception)
        return replace(request, preamble=preamble)

    async def _look_if_old(self) -> None:
        """Have the store looked at after a group; the next one does not wait for that."""
        if self._now_us() - self._refreshed_at_us >= _STATUS_AGE_US:
            self._refreshed_at_us = self._now_us()
            self._shelves.look_soon()

    def _spawn(self, work: Callable[[], Coroutine[None, None, None]]) -> bool:
        if self._tasks is None:
            return False
        self._tasks.start_soon(work, name="ingest: write an object")
        return True

    def _ended(self, end: End) -> None:
        """Count an object and tell of its fault; one given up by its sender has none."""
        fault, outcome = end.fault, end.outcome
        if fault is not None and (outcome is not None or not _is_stop(fault)):
            self._observer.not_stored(end.reception, fault)
        if isinstance(fault, IndexFault):
            self._index_trouble, self._index_failed_at_us = str(fault), self._now_us()
        if outcome is None:
            return
        if outcome.became is not None:
            self._index_trouble = None
        self._counts.became[outcome.became] += 1
        if outcome.became is not None and outcome.became in _SET_ASIDE:
            self._observer.set_aside(end.reception, end.sop_instance_uid, outcome)
        elif outcome.became is None and fault is None:
            self._observer.refused(end.reception, outcome)
        if outcome.became in NEWLY_KEPT:
            self._counts.stored_bytes += outcome.data_set_bytes
            if outcome.quirks:
                self._tell_quirks(end, {quirk.kind for quirk in outcome.quirks})

    def _tell_quirks(self, end: End, kinds: set[QuirkKind]) -> None:
        """Count them; of an object that lacks its end somebody wants to know which it is."""
        self._counts.quirks.update(kinds)
        if QuirkKind.TRUNCATED in kinds:
            self._observer.cut_short(end.reception, end.sop_instance_uid)


def _is_stop(fault: Fault) -> bool:
    return isinstance(fault, StoreError) and fault.fault is StoreFault.STOPPED
