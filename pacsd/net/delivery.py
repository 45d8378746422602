"""Many instances to one peer, over several associations at once.

Each association proposes what the instances seen so far need, and is replaced by another when one
comes that it did not propose. An instance that was outstanding when its association ended is sent
again, once; a peer that has it already says so or takes it twice, as C-STORE allows.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio

from pacsd.dicom.errors import DicomError
from pacsd.dimse.errors import DimseError
from pacsd.net.errors import AssociationError, BrokenOff, NotAccepted
from pacsd.net.kept_associations import KeptAssociations
from pacsd.net.one_by_one import OneByOne
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination, Timeouts, open_association
from pacsd.net.sending import Outbound, Outcome, send
from pacsd.net.store_contexts import StoredAs, plan, propose
from pacsd.net.throttle import NO_THROTTLE, Throttle
from pacsd.net.transcoding import (
    NO_TRANSCODING,
    EndingTranscoding,
    Transcoding,
    TranscodingEnded,
)

MAX_ATTEMPTS = 2
"""How often an instance is sent whose associations end before it is answered."""

MAX_FRUITLESS_ASSOCIATIONS = 10
"""After so many in a row that ended without a single response the peer is given up."""

MAX_REMEMBERED = 1_000
"""Pairs of SOP class and Transfer Syntax that later associations propose, too."""

InstanceT = TypeVar("InstanceT", bound=Outbound)
Report = Callable[[InstanceT, Outcome], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """How to send: how many associations at once, and how many operations outstanding on each.

    `transcoding` is for what the peer does not take as it is. All associations share `throttle`.
    With `keeps` those that are of use are left to whoever sends to the peer next.
    """

    timeouts: Timeouts
    associations: int = 1
    operations_window: int = 16
    transcoding: Transcoding = NO_TRANSCODING
    throttle: Throttle = NO_THROTTLE
    keeps: bool = False


@dataclass(slots=True, eq=False)
class _Line:
    """An association in use, and what it was proposed for; `is_new`: others have not used it."""

    association: RequestedAssociation
    planned: frozenset[StoredAs]
    is_new: bool
    has_answered: bool = False
    has_refused: bool = False
    failure: AssociationError | None = None


@dataclass(slots=True)
class _Task(Generic[InstanceT]):
    instance: InstanceT
    failed_attempts: int = 0


class Delivery(Generic[InstanceT]):
    """One run. `report` is told of each instance, in the order in which they are answered.

    Each association takes one of `places`, which whoever sends to the same peer shares; the caller
    holds the first one's. `kept` are associations that others have left.
    """

    def __init__(
        self,
        destination: Destination,
        terms: Terms,
        report: Report[InstanceT],
        places: anyio.CapacityLimiter | None = None,
        kept: KeptAssociations | None = None,
    ) -> None:
        self._destination = destination
        self._terms = terms
        self._report = report
        self._places = places or anyio.CapacityLimiter(terms.associations)
        self._kept = kept or KeptAssociations()
        self._waiting: set[anyio.CancelScope] = set()
        self._transcoding = EndingTranscoding(terms.transcoding)
        self._fruitless = 0
        self._failure: AssociationError | None = None
        self._is_stopped = False

    def stop(self) -> None:
        """Begin nothing more; what is under way is ended, and associations are released.

        What a codec still works at has not begun yet.
        """
        self._is_stopped = True
        self._transcoding.end()
        self._wait_no_more()

    async def run(self, instances: AsyncIterator[Sequence[InstanceT]]) -> None:
        """Send all; they come in groups, the next when the last one has been taken.

        Raises:
            AssociationError: no association can be had, or none that is of use. What had not been
                reported by then was not sent.
        """
        backlog = _Backlog(instances)
        async with anyio.create_task_group() as tasks:
            for number in range(self._terms.associations):
                work = self._share if number else self._work_out
                tasks.start_soon(work, backlog, name=f"association {number + 1} to the peer")
        if self._failure is not None and await self._next(backlog) is not None:
            raise self._failure

    async def _next(self, backlog: "_Backlog[InstanceT]") -> "_Task[InstanceT] | None":
        task = None if self._is_stopped else await backlog.take()
        if task is not None and self._is_stopped:  # while it was waited for
            backlog.put_back(task)
            return None
        return task

    async def _share(self, backlog: "_Backlog[InstanceT]") -> None:
        """Work once there is a place, if there is still anything to do then."""
        if self._is_stopped:
            return
        async with AsyncExitStack() as stack:
            with anyio.CancelScope() as scope:
                self._waiting.add(scope)
                try:
                    await stack.enter_async_context(self._places)
                finally:
                    self._waiting.discard(scope)
            if not scope.cancel_called:
                await self._work_out(backlog)

    async def _work_out(self, backlog: "_Backlog[InstanceT]") -> None:
        """Work until nothing is left, which is the end for those who wait as well."""
        await self._work(backlog)
        self._wait_no_more()

    def _wait_no_more(self) -> None:
        """Nothing is left for those who wait for a place, or nothing may be begun."""
        for scope in self._waiting:
            scope.cancel()

    async def _work(self, backlog: "_Backlog[InstanceT]") -> None:
        """Use one association after the other until nothing is left, or the peer gives none."""
        while (task := await self._next(backlog)) is not None:
            backlog.put_back(task)
            try:
                line = await self._line(task.instance.stored_as, backlog)
            except AssociationError as error:
                self._failure = error
                return
            await self._use(line, backlog)
            if self._fruitless >= MAX_FRUITLESS_ASSOCIATIONS:
                return

    async def _line(self, first: StoredAs, backlog: "_Backlog[InstanceT]") -> _Line:
        """One that was proposed for such an object: kept, unless one has failed, or a new one.

        Raises:
            AssociationError: there is none.
        """
        kept = None if self._failure else self._kept.take(self._destination, first)
        if kept is not None:
            return _Line(kept.association, kept.planned, is_new=False)
        in_use = max(1, self._places.borrowed_tokens)
        await self._kept.make_room(self._destination, int(self._places.total_tokens) - in_use)
        ways = await self._transcoding.ways()
        planned = plan(first, backlog.needs(), ways)
        association = await open_association(
            self._destination,
            propose(planned, ways),
            timeouts=self._terms.timeouts,
            operations_window=self._terms.operations_window,
        )
        return _Line(association, planned, is_new=True)

    async def _use(self, line: _Line, backlog: "_Backlog[InstanceT]") -> None:
        association = line.association
        agreed = association.session.negotiated
        window = agreed.requestor_window if agreed else 1
        try:
            async with anyio.create_task_group() as lanes:
                # One more than may be outstanding: it reads ahead while the others are answered.
                for _ in range(min(window, self._terms.operations_window) + 1):
                    lanes.start_soon(self._lane, line, backlog)
            self._ended(line)
            if self._terms.keeps and not line.has_refused and not self._is_stopped:
                await self._kept.keep(self._destination, association, line.planned)
            else:
                await association.release()
        except BaseException:
            association.abort()
            raise

    async def _lane(self, line: _Line, backlog: "_Backlog[InstanceT]") -> None:
        """One operation after the other, beside those of other lanes."""
        while (task := await self._next(backlog)) is not None:
            is_planned = task.instance.stored_as in line.planned
            if not line.association.is_usable or not is_planned:
                backlog.put_back(task)
                return
            outcome = await self._attempt(line, task, backlog)
            if outcome is not None:
                self._report(task.instance, outcome)

    async def _attempt(
        self, line: _Line, task: _Task[InstanceT], backlog: "_Backlog[InstanceT]"
    ) -> Outcome | None:
        """What became of an instance; None if it is to be sent again."""
        try:
            outcome = await send(
                line.association, task.instance, self._transcoding, self._terms.throttle
            )
        except (NotAccepted, OSError, DicomError, DimseError) as error:
            line.has_refused |= isinstance(error, NotAccepted)
            return Outcome(None, str(error))
        except (BrokenOff, TranscodingEnded):  # another instance's fault, or we were stopped
            backlog.put_back(task)
            return None
        except AssociationError as error:
            line.failure = error
            task.failed_attempts += line.is_new  # that a kept one has died says nothing
            if task.failed_attempts >= MAX_ATTEMPTS:
                return Outcome(None, str(error))
            backlog.put_back(task)
            return None
        line.has_answered = True
        return outcome

    def _ended(self, line: _Line) -> None:
        """See what an association was good for; one that was kept may have died meanwhile."""
        if line.has_answered:
            self._fruitless = 0
        if line.failure is not None:
            self._failure = line.failure
            self._fruitless += line.is_new and not line.has_answered


class _Backlog(OneByOne[_Task[InstanceT]]):
    """What is still to be sent, as far as it is known; the rest comes when it is asked for."""

    def __init__(self, instances: AsyncIterator[Sequence[InstanceT]]) -> None:
        super().__init__(self._tasks(instances))
        self._seen: dict[StoredAs, None] = {}

    def needs(self) -> Iterator[StoredAs]:
        """What needs to be negotiated: for those that come next first, then what was of late."""
        yield from (task.instance.stored_as for task in self.here)
        yield from reversed(self._seen)

    async def _tasks(
        self, instances: AsyncIterator[Sequence[InstanceT]]
    ) -> AsyncIterator[Sequence[_Task[InstanceT]]]:
        async for group in instances:
            for instance in group:
                self._seen.pop(instance.stored_as, None)
                self._seen[instance.stored_as] = None
            while len(self._seen) > MAX_REMEMBERED:
                del self._seen[next(iter(self._seen))]
            yield [_Task(instance) for instance in group]
