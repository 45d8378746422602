"""One object on its way in: fragments at any pace, one outcome at the end.

Its header is read beside, as the fragments pass; an object nobody may take in is given up as soon
as that shows.
"""

import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Protocol

import anyio

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.api.store import BlobStore, Buffer, Location, Staged, StageRequest
from pacsd.archive.admittance import Admittance, Choose, Decide
from pacsd.archive.answers import answer_fault, answer_refusal, answer_verdict
from pacsd.archive.chunks import ChunkQueue
from pacsd.archive.committer import Committer
from pacsd.archive.examination import Examination
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.identity import Unacceptable
from pacsd.archive.instance import IngestOutcome, InstanceRequest
from pacsd.archive.memory import Memory
from pacsd.archive.placing import Placing
from pacsd.archive.second_look import SecondLook
from pacsd.archive.shelves import Shelves
from pacsd.index.errors import IndexFault
from pacsd.index.records import NewCopy, NewInstance

Fault = StoreError | IndexFault
"""What keeps an object out that is nobody's fault but ours."""


class Record(Protocol):
    """Is told of the end of each object, on the event loop."""

    def __call__(self, end: "End", /) -> None:
        """Count it, tell of it, remove what is not needed any more."""


@dataclass(frozen=True, slots=True)
class End:
    """How an object ended; `outcome` is None when its sender gave it up."""

    reception: Reception
    sop_instance_uid: str
    outcome: IngestOutcome | None
    fault: Fault | None


class Spawn(Protocol):
    """Starts work in the background, in ingest's task group; False when that is over."""

    def __call__(self, work: Callable[[], Coroutine[None, None, None]], /) -> bool:
        """Start it."""


class Intake:
    """Takes one data set in. End it with `finish` or `abort`; both on the event loop.

    `is_congested` says that more is waiting than should: pause the sender until `on_drained`, which
    is called on the loop once `backlog_bytes` has fallen to a low-water mark. With `choose` it is
    kept in the one of `shelves` that is named then, else in the store.
    """

    def __init__(
        self,
        request: InstanceRequest,
        *,
        store: BlobStore,
        memory: Memory,
        committer: Committer,
        second_look: SecondLook,
        spawn: Spawn,
        refusal: StoreError | None,
        on_end: Record,
        shelves: Shelves,
        decide: Callable[[], Decide | None] = lambda: None,
        choose: Choose | None = None,
    ) -> None:
        self.on_drained: Callable[[], None] | None = None
        self.data_set_bytes = 0
        self._digest = hashlib.sha256()
        self._request = request
        preface = encode_preface(request)
        self._stage_request = StageRequest(request.reception.partition, preface, self._digest)
        self._examination = Examination(request)
        self._store = store
        self._memory = memory
        self._committer = committer
        self._second_look = second_look
        self._spawn = spawn
        self._on_end = on_end
        self._decide = decide
        self._choose = choose
        self._admittance: Admittance | None = None
        self._chunks = ChunkQueue(memory)
        self._placing = None if choose is None else Placing(shelves, self._stage_request)
        self._staged: Staged | None = self._placing
        self._writing_bytes = 0
        self._writing: anyio.Event | None = None
        self._failure: Exception | None = refusal
        self._is_last = False
        self._is_ended = False
        self.is_congested = False
        memory.open_objects += 1

    @property
    def backlog_bytes(self) -> int:
        """Bytes copied but not yet written to the store."""
        return self._chunks.waiting_bytes + self._writing_bytes

    @property
    def _is_placed(self) -> bool:
        """Whether it is known where it goes, or at least asked: before that it better waits."""
        return self._placing is None or self._placing.admittance is not None

    def write(self, fragment: Buffer) -> None:
        """Copy a fragment of the data set; never blocks, never refuses, however much waits.

        What comes after a failure is dropped: its outcome is known.
        """
        if self._is_last:
            raise RuntimeError("write after finish or abort")
        self.data_set_bytes += len(fragment)
        if self._failure is None and not self._examination.is_over:
            self._examine(fragment)
        if self._failure is not None or self._is_ended:
            return
        self._chunks.write(fragment)
        if self.backlog_bytes > self._memory.limit_bytes:
            self.is_congested = True
        # A paused sender is always being written: nothing else would let it go on.
        has_batch = self._is_placed and self._chunks.full_bytes >= self._memory.batch_bytes
        if (has_batch or self.is_congested) and self._writing is None:
            self._writing = anyio.Event()
            if not self._spawn(self._write_behind):
                self._writing = None
                self._fail(StoreError(StoreFault.STOPPED, "ingest ended"))

    async def finish(self) -> IngestOutcome:
        """Write the rest, join a group, and say how it ended: 0000 only once durable.

        Cancelled, the object is given up as by `abort`, unless its group has begun: then it may
        have become durable without anybody being told.
        """
        if self._is_last:
            raise RuntimeError("finish after finish or abort")
        self._is_last = True
        outcome: IngestOutcome | None = None
        try:
            outcome = await self._finish()
        finally:
            await self._end(outcome)
        return outcome

    async def abort(self, reason: str) -> None:
        """Give the object up, because of `reason`; every trace is gone afterwards. Idempotent.

        Does nothing when `finish` was called: cancel that instead.
        """
        if not self._is_last and not self._is_ended:
            self._is_last = True
            self._fail(StoreError(StoreFault.STOPPED, reason))
            await self._end(None)

    async def _finish(self) -> IngestOutcome:
        self._examine(None)
        if self._admittance is not None:
            await self._admittance.decided()
        await self._idle()
        if self._failure is None:
            await self._write_waiting()
        try:
            if self._failure is not None:
                raise self._failure
            return await self._commit()
        except Unacceptable as refused:
            return answer_refusal(refused, self.data_set_bytes)
        except (StoreError, IndexFault) as error:
            self._failure = error
            return answer_fault(error, self.data_set_bytes)

    async def _commit(self) -> IngestOutcome:
        if self._placing is not None:
            staged = await self._placing.settled()
        else:
            staged = self._staged = self._staged or await self._store.stage(self._stage_request)
        verdict = await self._committer.commit(staged, self.data_set_bytes, self._describe)
        partition = self._request.reception.partition
        return answer_verdict(
            await self._second_look(partition, verdict),
            self._request.policy,
            self._examination.quirks,
            self.data_set_bytes,
        )

    def _describe(self, location: Location) -> NewInstance:
        copy = NewCopy(
            store=location.store,
            key=location.key,
            size_bytes=location.size_bytes,
            data_set_bytes=self.data_set_bytes,
            sha256=(self._placing or self._digest).digest(),
        )
        new = self._examination.describe(copy)
        return new if self._admittance is None else self._admittance.entered(new)

    def _examine(self, fragment: Buffer | None) -> None:
        """Look into a fragment, or at the end (None) at what there was."""
        try:
            if fragment is None:
                self._examination.end(self.data_set_bytes)
            else:
                self._examination.feed(fragment)
        except Unacceptable as refused:
            self._fail(refused)
        else:
            self._ask_whether_it_comes_in()

    def _ask_whether_it_comes_in(self) -> None:
        """As soon as it is known what it is, once; who decides never delays what still arrives."""
        if self._admittance is not None or self._failure is not None:
            return
        decide, choose = self._decide(), self._choose
        if decide is None and choose is None:
            return
        received = self._examination.received()
        if received is not None:
            self._admittance = Admittance(decide, self._spawn, self._fail, choose)
            self._admittance.ask(received)
            if self._placing is not None:
                self._placing.admittance = self._admittance

    async def _end(self, outcome: IngestOutcome | None) -> None:
        """Remove what is left, once."""
        if self._is_ended:
            return
        self._is_ended = True
        if self._admittance is not None:
            self._admittance.give_up()
        with anyio.CancelScope(shield=True):
            await self._idle()
            if self._staged is not None:
                await self._staged.abort()
        self._chunks.clear()
        self._memory.open_objects -= 1
        fault = self._failure if isinstance(self._failure, StoreError | IndexFault) else None
        request = self._request
        self._on_end(End(request.reception, request.sop_instance_uid, outcome, fault))

    async def _idle(self) -> None:
        """Wait for the writer in the background."""
        if self._writing is not None:
            await self._writing.wait()

    async def _write_behind(self) -> None:
        """Write what waits until no full chunk is left."""
        try:
            await self._write_waiting()
        except anyio.get_cancelled_exc_class():
            self._fail(StoreError(StoreFault.STOPPED, "ingest ended"))
            raise
        finally:
            if self._writing is not None:
                self._writing.set()
            self._writing = None

    async def _write_waiting(self) -> None:
        """Write what there is, in order; what fails is kept for `finish` to answer or raise."""
        while self._failure is None and (chunks := self._take()):
            self._writing_bytes = sum(len(chunk) for chunk in chunks)
            try:
                if self._staged is None:
                    self._staged = await self._store.stage(self._stage_request)
                await self._staged.write(chunks)
            except Exception as error:  # noqa: BLE001 - `finish` answers or raises it
                self._fail(error)
            finally:
                self._writing_bytes = 0
                self._chunks.give_back(chunks)
            self._tell_drained()

    def _take(self) -> list[memoryview]:
        return self._chunks.take(with_partial=self._is_last or self.is_congested)

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self._chunks.clear()
        self._tell_drained()

    def _tell_drained(self) -> None:
        if self.is_congested and self.backlog_bytes <= self._memory.low_water_bytes:
            self.is_congested = False
            if self.on_drained is not None and not self._is_ended:
                self.on_drained()
