"""Performs the operations that a peer invokes over one association: the SCP of its services.

A command without a data set is answered at once. The fragments of a data set go to its sink; what
waits then, for a disk, runs beside the association and comes back as a response.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from pacsd.api.access import AccessRequest, Action, Door, SightRequest
from pacsd.api.vote import Deny
from pacsd.archive.finding import Match
from pacsd.archive.ingest import Ingest
from pacsd.archive.shown_results import NotTold
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.query import Query
from pacsd.dicom.status import Status
from pacsd.dimse.commands import (
    CEchoRQ,
    CFindRQ,
    CGetRQ,
    CMoveRQ,
    CStoreRQ,
    NActionRQ,
    NEventReportRQ,
    Request,
)
from pacsd.dimse.events import CancelReceived, DataSetFragment, RequestReceived
from pacsd.net import committing
from pacsd.net.chronicle import Chronicle
from pacsd.net.commitment_lines import AskingLine
from pacsd.net.committing import Committing
from pacsd.net.finding import Finds, begin_find
from pacsd.net.guarded_sink import GuardedSink
from pacsd.net.permissions import Permissions, Sights
from pacsd.net.responses import Line, response_of
from pacsd.net.results import Results
from pacsd.net.retrieving import Retrieving, begin_get, begin_move
from pacsd.net.storage import Caller, DataSetSink, DimseAnswer, RefusedSink, begin_store
from pacsd.ul.negotiation import PresentationContext


@dataclass(frozen=True, slots=True)
class Services:
    """What the house does for peers.

    `permissions`, `sights`, `results`: None when nobody has to be asked; `committing`: None where
    nobody commits to anything.
    """

    ingest: Ingest
    finder: Finds
    retrieving: Retrieving
    permissions: Permissions | None = None
    sights: Sights | None = None
    results: Results | None = None
    committing: Committing | None = None


@dataclass(slots=True)
class _Operation:
    """An operation whose data set is on its way, or that is being performed."""

    request: Request
    sink: DataSetSink
    started_s: float
    data_set_bytes: int = 0


class Performer:
    """The open operations of one association."""

    def __init__(
        self, line: Line, services: Services, caller: Caller, chronicle: Chronicle
    ) -> None:
        self._line = line
        self._services = services
        self._caller = caller
        self._chronicle = chronicle
        self._receiving: dict[int, _Operation] = {}
        self._performing: dict[int, _Operation] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no response is being prepared."""
        return not self._performing

    def requested(self, event: RequestReceived) -> None:
        """A request has come; its data set follows if it has one."""
        perform = self._PERFORM.get(type(event.request), Performer._refuse)
        perform(self, event.context, event.request)

    def fragment(self, event: DataSetFragment) -> None:
        """A part of a request's data set has come."""
        receiving = self._receiving.get(event.message_id)
        if receiving is None:
            return
        receiving.data_set_bytes += len(event.data)
        receiving.sink.write(event.data)
        if event.is_last:
            del self._receiving[event.message_id]
            self._performing[event.message_id] = receiving
            self._line.spawn(partial(self._finish, receiving), "finish an operation")
        elif receiving.sink.is_congested:
            self._line.is_congested(is_so=True)

    def cancelled(self, event: CancelReceived) -> None:
        """C-CANCEL (PS3.7 section 9.3.2.3); one that comes too early or too late means nothing."""
        operation = self._performing.get(event.message_id)
        if operation is not None:
            operation.sink.cancel()

    def give_up(self, reason: str) -> None:
        """No more will come: nothing that is half received stays, and no answer is waited for."""
        for operation in self._performing.values():
            operation.sink.cancel()
        for receiving in self._receiving.values():
            self._line.spawn(partial(receiving.sink.abort, reason), "give up an operation")
        self._receiving.clear()

    def _echo(self, _: PresentationContext, request: CEchoRQ) -> None:
        self._answer(request, DimseAnswer(Status.SUCCESS), 0, self._line.now())

    def _store(self, context: PresentationContext, request: CStoreRQ) -> None:
        drained = partial(self._line.is_congested, is_so=False)
        now_us = time.time_ns() // 1_000
        sink = begin_store(self._services.ingest, context, request, self._caller, now_us, drained)
        self._receive(request, sink, Action.STORE)

    def _find(self, context: PresentationContext, request: CFindRQ) -> None:
        finder = self._services.finder
        sink = begin_find(finder, context, request, self._caller, self._line, self._told)
        self._receive(request, sink, Action.QUERY)

    def _move(self, context: PresentationContext, request: CMoveRQ) -> None:
        retrieving = self._services.retrieving
        sink = begin_move(retrieving, context, request, self._caller, self._line)
        self._receive(request, sink, Action.RETRIEVE)

    def _get(self, context: PresentationContext, request: CGetRQ) -> None:
        retrieving = self._services.retrieving
        sink = begin_get(retrieving, context, request, self._caller, self._line)
        self._receive(request, sink, Action.RETRIEVE)

    def _action(self, context: PresentationContext, request: NActionRQ) -> None:
        """Storage commitment is for whom may store."""
        desk = self._services.committing
        if desk is None:
            self._refuse(context, request)
        elif not request.has_data_set:
            self._answer(request, committing.without_information(), 0, self._line.now())
        else:
            asking = AskingLine(self._line, context)
            sink = committing.begin_request(desk, context, request, self._caller, asking)
            self._receive(request, sink, Action.STORE)

    def _event(self, context: PresentationContext, request: NEventReportRQ) -> None:
        """A peer that we asked for storage commitment says what it keeps."""
        desk = self._services.committing
        if desk is None:
            self._refuse(context, request)
        elif not request.has_data_set:
            self._answer(request, committing.without_information(), 0, self._line.now())
        elif not desk.knows(self._caller.calling_ae):
            self._receive(request, committing.stranger_refused())
        else:
            peer_ae = self._caller.calling_ae
            self._receive(request, committing.begin_result(desk.hears, context, request, peer_ae))

    def _refuse(self, _: PresentationContext, request: Request) -> None:
        """An operation that this service class does not have (PS3.7 section 10.1.1.1.8)."""
        answer = DimseAnswer(Status.UNRECOGNIZED_OPERATION)
        if request.has_data_set:
            self._receive(request, RefusedSink(answer))
        else:
            self._answer(request, answer, 0, self._line.now())

    def _receive(self, request: Request, sink: DataSetSink, action: Action | None = None) -> None:
        if action is not None:
            sink = GuardedSink(sink, partial(self._denial, action), self._sight)
        self._receiving[request.message_id] = _Operation(request, sink, self._line.now())

    async def _denial(self, action: Action) -> Deny | None:
        """Why that may not be done, None if it may; asked when its data set is here, not before.

        By then there may be others who are asked than when the command came.
        """
        principal = await self._caller.principal()
        if principal is None:
            return Deny("its login is no good any more")
        permissions = self._services.permissions
        if permissions is None or not permissions.are_asked_for:
            return None
        wanted = AccessRequest(principal, Door.DIMSE, self._caller.address, action, "")
        return await permissions.denial(wanted)

    async def _sight(self) -> Sight | None:
        """What the caller sees, None where nobody can tell."""
        sights = self._services.sights
        if sights is None or not sights.are_asked_for:
            return EVERYTHING
        principal = await self._caller.principal()
        if principal is None:
            return None
        return await sights.sight(SightRequest(principal, Door.DIMSE, self._caller.address))

    async def _told(self, query: Query, matches: Sequence[Match]) -> Sequence[Match]:
        """What of these matches the caller is told.

        Raises:
            NotTold: that cannot be said, or not to the caller any more.
        """
        results = self._services.results
        if results is None or not results.are_asked_for:
            return matches
        principal = await self._caller.principal()
        if principal is None:
            raise NotTold("its login is no good any more")
        looks = SightRequest(principal, Door.DIMSE, self._caller.address)
        return await results.told(looks, query, matches)

    async def _finish(self, receiving: _Operation) -> None:
        try:
            answer = await receiving.sink.finish()
        finally:
            del self._performing[receiving.request.message_id]
        self._answer(receiving.request, answer, receiving.data_set_bytes, receiving.started_s)

    def _answer(
        self, request: Request, answer: DimseAnswer, data_set_bytes: int, started_s: float
    ) -> None:
        response = response_of(request, answer)
        if self._line.respond(response, answer.data_set):
            self._chronicle.operation(
                request, answer.status, data_set_bytes, started_s, self._line.now()
            )

    _PERFORM: ClassVar[dict[type[Request], Callable[..., None]]] = {
        CEchoRQ: _echo,
        CFindRQ: _find,
        CGetRQ: _get,
        CMoveRQ: _move,
        CStoreRQ: _store,
        NActionRQ: _action,
        NEventReportRQ: _event,
    }
