"""C-MOVE and C-GET as SCP (PS3.4 sections C.4.2 and C.4.3): an Identifier in, objects out.

How far it is, pending responses tell: as sub-operations end, and from time to time when none does,
so that who asked knows that somebody is at it. Counts always add up to what the query named.
"""

from abc import abstractmethod
from collections.abc import (
    AsyncGenerator,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import anyio

from pacsd.archive.access import Retrieved
from pacsd.archive.finding import FindError, IndexUnavailable
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.errors import DicomError, IdentifierError
from pacsd.dicom.identifier import Model, read_instances, read_retrieval
from pacsd.dicom.query import Query
from pacsd.dicom.registry import TransferSyntax, transfer_syntax
from pacsd.dicom.status import Status
from pacsd.dimse.commands import CGetRQ, CMoveRQ
from pacsd.dimse.errors import DimseError
from pacsd.net.delivery import Delivery, Terms
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.errors import AssociationError, NotAccepted
from pacsd.net.finding import IdentifierSink, mismatch
from pacsd.net.information_models import GET_MODELS, INSTANCE_GET, INSTANCE_MOVE, MOVE_MODELS
from pacsd.net.one_by_one import OneByOne
from pacsd.net.peers import Peer, PeerBook
from pacsd.net.responses import Line, response_of
from pacsd.net.scu import Destination, Timeouts
from pacsd.net.sending import MoveOriginator, OpenDataSet, Outbound, Outcome, send
from pacsd.net.storage import Caller, DataSetSink, DimseAnswer, RefusedSink
from pacsd.net.tally import Tally
from pacsd.net.transcoding import (
    NO_TRANSCODING,
    EndingTranscoding,
    Transcoding,
    TranscodingEnded,
)
from pacsd.net.turns import Turns
from pacsd.ul.negotiation import PresentationContext

TELL_AT_MOST_EVERY_S = 0.25
"""How often a pending response tells that sub-operations have ended."""

TELL_AT_LEAST_EVERY_S = 5.0
"""And how often it tells that none has."""

_LANES = 2


class Retrieves(Protocol):
    """Who has the objects; see `Retriever`."""

    async def select(self, query: Query, *, sight: Sight = EVERYTHING) -> Sequence[int]:
        """The numbers of the instances that a query names.

        Raises:
            FindError: they cannot be told.
        """

    def instances(self, numbers: Sequence[int]) -> AsyncGenerator[Sequence[Retrievable], None]:
        """These instances, a page at a time.

        Raises:
            FindError: the index cannot be read.
        """

    def data_sets(self, page: Sequence[Retrievable]) -> Sequence[OpenDataSet]:
        """How to read the data set of each, fastest in their order; OSError if one cannot be."""


class Notes(Protocol):
    """Who keeps a trail of what left; see `Access.note`."""

    async def note(self, retrieved: Retrieved) -> None:
        """Keep who retrieved which studies, and how it ended; never raises."""


@dataclass(frozen=True, slots=True)
class Retrieving:
    """What retrievals need: who has the objects, whom we may send them to, and how.

    `peers` is asked each time: it may have been replaced by a reload.
    """

    retriever: Retrieves
    peers: Callable[[], PeerBook]
    timeouts: Timeouts
    turns: Turns
    access: Notes
    own_titles: frozenset[str] = frozenset()
    places: DestinationPlaces = field(default_factory=DestinationPlaces)
    transcoding: Transcoding = NO_TRANSCODING


class RetrieveSink(IdentifierSink):
    """One C-MOVE or C-GET."""

    def __init__(
        self,
        retrieving: Retrieving,
        request: CMoveRQ | CGetRQ,
        syntax: TransferSyntax,
        read: Callable[[bytes], Query],
        caller: Caller,
        line: Line,
    ) -> None:
        super().__init__()
        self.retrieving = retrieving
        self.caller = caller
        self.request = request
        self._syntax = syntax
        self._read = read
        self.line = line
        self._tally = Tally(0)
        self._waiting: anyio.CancelScope | None = None
        self._studies: dict[str, None] = {}
        self._told_at = line.now()

    async def finish(self) -> DimseAnswer:
        """Carry the retrieval out, telling how far it is, and give the final answer."""
        try:
            query = self._read(self.identifier())
            numbers = await self.retrieving.retriever.select(query, sight=self.sight)
        except IdentifierError as error:
            return mismatch(error)
        except IndexUnavailable as error:
            return DimseAnswer(Status.UNABLE_TO_PROCESS, str(error))
        except FindError as error:
            return DimseAnswer(Status.UNABLE_TO_CALCULATE_MATCHES, str(error))
        self._tally = Tally(len(numbers))
        try:
            if numbers:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._keep_telling, name="tell how far a retrieval is")
                    await self._in_turn(numbers)
                    tasks.cancel_scope.cancel()
        finally:  # what has left has left, however it ended
            final = self._tally.final(self._syntax, is_cancelled=self.is_cancelled)
            with anyio.CancelScope(shield=True):
                await self._note(final)
        return final

    def cancel(self) -> None:
        """Begin nothing more, and wait for no turn."""
        super().cancel()
        if self._waiting is not None:
            self._waiting.cancel()

    @property
    @abstractmethod
    def action(self) -> str:
        """What the trail says was done."""

    @abstractmethod
    async def deliver(self, numbers: Sequence[int]) -> None:
        """Send these instances; `pages` gives them, and `ended` is to be told of each.

        Raises:
            AssociationError: nothing more can be sent.
        """

    async def pages(self, numbers: Sequence[int]) -> AsyncGenerator[Sequence[Outbound], None]:
        """The instances, page by page, until the retrieval is cancelled."""
        try:
            async with aclosing(self.retrieving.retriever.instances(numbers)) as pages:
                async for page in pages:
                    if self.is_cancelled:
                        return
                    opens = self.retrieving.retriever.data_sets(page)
                    yield list(map(self.outbound, page, opens))
        except FindError:
            return  # what was not sent by then has failed

    def outbound(self, instance: Retrievable, open_: OpenDataSet) -> Outbound:
        """An instance, ready to be sent."""
        self._studies.setdefault(instance.study_instance_uid)
        return Outbound(
            instance.sop_class_uid,
            instance.sop_instance_uid,
            instance.transfer_syntax_uid,
            open_,
            is_even=instance.data_set_bytes % 2 == 0,
            priority=self.request.priority,
        )

    def ended(self, instance: Outbound, outcome: Outcome) -> None:
        """A sub-operation has ended."""
        self._tally.ended(instance.sop_instance_uid, outcome)
        if self.line.now() - self._told_at >= TELL_AT_MOST_EVERY_S:
            self._tell()

    async def _in_turn(self, numbers: Sequence[int]) -> None:
        if self.is_cancelled:
            return
        async with AsyncExitStack() as room:
            with anyio.CancelScope() as self._waiting:
                await self.have_room(room)
                await room.enter_async_context(self.retrieving.turns.turn(self.request.priority))
            await self._carry_out(numbers)

    async def have_room(self, room: AsyncExitStack) -> None:
        """Wait for what it needs beside a turn: nobody has a turn who could not use it."""

    async def _carry_out(self, numbers: Sequence[int]) -> None:
        if self.is_cancelled:
            return
        with suppress(AssociationError):  # whatever was not sent has failed
            await self.deliver(numbers)
        if not self.is_cancelled:
            await self._fail_rest(numbers)

    async def _fail_rest(self, numbers: Sequence[int]) -> None:
        """What nobody answered for has failed, by name as far as it is there."""
        tally = self._tally
        if not tally.remaining:
            return
        async for page in self.pages(numbers):
            for instance in page:
                if instance.sop_instance_uid not in tally.answered:
                    tally.fail(instance.sop_instance_uid)
        if not self.is_cancelled:
            tally.fail_rest()

    async def _keep_telling(self) -> None:
        while True:
            await anyio.sleep(TELL_AT_LEAST_EVERY_S)
            if self.line.now() - self._told_at >= TELL_AT_LEAST_EVERY_S:
                self._tell()

    def _tell(self) -> None:
        self._told_at = self.line.now()
        self.line.respond(response_of(self.request, self._tally.pending()))
        self.line.flush()

    async def _note(self, final: DimseAnswer) -> None:
        tally = self._tally
        if not self._studies:
            return
        await self.retrieving.access.note(
            Retrieved(
                actor=self.caller.actor,
                peer_address=self.caller.address,
                action=self.action,
                outcome=f"{final.status:04X}",
                studies=tuple(self._studies),
                detail=f"{tally.sent} of {tally.total} instances",
            )
        )


class MoveSink(RetrieveSink):
    """One C-MOVE."""

    def __init__(
        self,
        retrieving: Retrieving,
        request: CMoveRQ,
        syntax: TransferSyntax,
        read: Callable[[bytes], Query],
        caller: Caller,
        line: Line,
        peer: Peer,
    ) -> None:
        super().__init__(retrieving, request, syntax, read, caller, line)
        self._peer = peer
        self._delivery: Delivery[Outbound] | None = None

    @property
    def action(self) -> str:
        """A C-MOVE, and to whom."""
        return f"retrieve (C-MOVE to {self._peer.ae_title})"

    async def have_room(self, room: AsyncExitStack) -> None:
        """Wait for the first of the destination's places."""
        await room.enter_async_context(self.retrieving.places.of(self._peer))

    async def deliver(self, numbers: Sequence[int]) -> None:
        """Send over as many associations as the destination may have."""
        title = self._peer.ae_title
        peer = self.retrieving.peers().destination(title)  # there may have been a reload
        if peer is None or peer.endpoint is None:
            raise NotAccepted(f"{title} is no destination any more")
        destination = Destination(peer.endpoint, title, self.caller.called_ae)
        terms = Terms(
            self.retrieving.timeouts,
            associations=peer.connections,
            transcoding=self.retrieving.transcoding,
        )
        places = self.retrieving.places
        self._delivery = Delivery(destination, terms, self.ended, places.of(peer), places.kept)
        await self._delivery.run(self.pages(numbers))

    def outbound(self, instance: Retrievable, open_: OpenDataSet) -> Outbound:
        """An instance with whom it is sent for (PS3.7 section 9.1.1.1.6)."""
        originator = MoveOriginator(self.caller.calling_ae, self.request.message_id)
        return replace(super().outbound(instance, open_), move_originator=originator)

    def cancel(self) -> None:
        """End what is under way, and begin nothing more."""
        super().cancel()
        if self._delivery is not None:
            self._delivery.stop()


class GetSink(RetrieveSink):
    """One C-GET: over the association it came over."""

    _transcoding: EndingTranscoding | None = None

    @property
    def action(self) -> str:
        """A C-GET."""
        return "retrieve (C-GET)"

    async def deliver(self, numbers: Sequence[int]) -> None:
        """Send one after the other; while one is answered the next is read."""
        self._transcoding = EndingTranscoding(self.retrieving.transcoding)
        async with aclosing(self.pages(numbers)) as pages, anyio.create_task_group() as lanes:
            instances = OneByOne(pages)
            for _ in range(_LANES):
                lane = partial(self._lane, instances, self._transcoding)
                lanes.start_soon(lane, name="sub-operations of a C-GET")

    def cancel(self) -> None:
        """Begin nothing more: what a codec still works at has not begun either."""
        super().cancel()
        if self._transcoding is not None:
            self._transcoding.end()

    async def _lane(self, instances: OneByOne[Outbound], transcoding: Transcoding) -> None:
        with suppress(AssociationError, TranscodingEnded):
            while (instance := await instances.take()) is not None and not self.is_cancelled:
                self.ended(instance, await self._send(instance, transcoding))

    async def _send(self, instance: Outbound, transcoding: Transcoding) -> Outcome:
        try:
            return await send(self.line, instance, transcoding)
        except (NotAccepted, OSError, DicomError, DimseError) as error:
            return Outcome(None, str(error))


def begin_move(
    retrieving: Retrieving,
    context: PresentationContext,
    request: CMoveRQ,
    caller: Caller,
    line: Line,
) -> DataSetSink:
    """Take the Identifier of a C-MOVE, or refuse it."""
    reading = _reading(context, request, caller, MOVE_MODELS, INSTANCE_MOVE)
    if isinstance(reading, DimseAnswer):
        return RefusedSink(reading)
    peer = retrieving.peers().destination(request.move_destination)
    if peer is None or peer.ae_title in retrieving.own_titles:
        why = "Not a move destination of the peers file" if peer is None else "That is ourselves"
        return RefusedSink(DimseAnswer(Status.MOVE_DESTINATION_UNKNOWN, why))
    return MoveSink(retrieving, request, *reading, caller, line, peer)


def begin_get(
    retrieving: Retrieving,
    context: PresentationContext,
    request: CGetRQ,
    caller: Caller,
    line: Line,
) -> DataSetSink:
    """Take the Identifier of a C-GET, or refuse it."""
    reading = _reading(context, request, caller, GET_MODELS, INSTANCE_GET)
    if isinstance(reading, DimseAnswer):
        return RefusedSink(reading)
    return GetSink(retrieving, request, *reading, caller, line)


def _reading(
    context: PresentationContext,
    request: CMoveRQ | CGetRQ,
    caller: Caller,
    models: Mapping[str, Model],
    of_instances: str,
) -> tuple[TransferSyntax, Callable[[bytes], Query]] | DimseAnswer:
    """How the Identifier is to be read, or why it is not."""
    uid, syntax = context.abstract_syntax, transfer_syntax(context.transfer_syntax)
    model = models.get(uid)
    if syntax is None or request.sop_class_uid != uid or (model is None and uid != of_instances):
        return DimseAnswer(Status.SOP_CLASS_NOT_SUPPORTED, "Not the SOP Class of this context")
    if model is None:
        return syntax, partial(read_instances, syntax=syntax)
    is_relational = caller.extended.get(uid, b"")[:1] == b"\1"
    return syntax, partial(read_retrieval, syntax=syntax, model=model, is_relational=is_relational)
