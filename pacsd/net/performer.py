"""Performs the operations that a peer invokes over one association: the SCP of its services.

A command without a data set is answered at once. The fragments of a data set go to its sink; what
waits then, for a disk, runs beside the association and comes back as a response.
"""

import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol

from pacsd.archive.ingest import Ingest
from pacsd.dicom.status import Status
from pacsd.dimse.commands import (
    CEchoRQ,
    CStoreRQ,
    Request,
    Response,
    ResponseElements,
    response_to,
)
from pacsd.dimse.events import DataSetFragment, RequestReceived
from pacsd.net.chronicle import Chronicle
from pacsd.net.storage import Answer, Caller, DataSetSink, RefusedSink, begin_store
from pacsd.ul.negotiation import PresentationContext

Work = Callable[[], Coroutine[object, object, None]]


class Line(Protocol):
    """What the operations need of the association they come over."""

    def now(self) -> float:
        """The loop's monotonic clock, in seconds."""

    def spawn(self, work: Work, name: str) -> None:
        """Run work that waits."""

    def respond(self, response: Response) -> bool:
        """Send a response; False if the association is gone."""

    def is_congested(self, *, is_so: bool) -> None:
        """Data sets come faster than they can be written, or no longer do."""


@dataclass(slots=True)
class _Receiving:
    """An operation whose data set is on its way."""

    request: Request
    sink: DataSetSink
    started_s: float
    data_set_bytes: int = 0


class Performer:
    """The open operations of one association."""

    def __init__(self, line: Line, ingest: Ingest, caller: Caller, chronicle: Chronicle) -> None:
        self._line = line
        self._ingest = ingest
        self._caller = caller
        self._chronicle = chronicle
        self._receiving: dict[int, _Receiving] = {}
        self._unanswered = 0

    @property
    def is_idle(self) -> bool:
        """Whether no response is being prepared."""
        return not self._unanswered

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
            self._unanswered += 1
            self._line.spawn(partial(self._finish, receiving), "finish an operation")
        elif receiving.sink.is_congested:
            self._line.is_congested(is_so=True)

    def give_up(self, reason: str) -> None:
        """No more will come: nothing that is half received stays."""
        for receiving in self._receiving.values():
            self._line.spawn(partial(receiving.sink.abort, reason), "give up an operation")
        self._receiving.clear()

    def _echo(self, _: PresentationContext, request: CEchoRQ) -> None:
        self._answer(request, Answer(Status.SUCCESS), 0, self._line.now())

    def _store(self, context: PresentationContext, request: CStoreRQ) -> None:
        drained = partial(self._line.is_congested, is_so=False)
        now_us = time.time_ns() // 1_000
        sink = begin_store(self._ingest, context, request, self._caller, now_us, drained)
        self._receive(request, sink)

    def _refuse(self, _: PresentationContext, request: Request) -> None:
        """An operation that this service class does not have (PS3.7 section 10.1.1.1.8)."""
        answer = Answer(Status.UNRECOGNIZED_OPERATION)
        if request.has_data_set:
            self._receive(request, RefusedSink(answer))
        else:
            self._answer(request, answer, 0, self._line.now())

    def _receive(self, request: Request, sink: DataSetSink) -> None:
        self._receiving[request.message_id] = _Receiving(request, sink, self._line.now())

    async def _finish(self, receiving: _Receiving) -> None:
        answer = await receiving.sink.finish()
        self._unanswered -= 1
        self._answer(receiving.request, answer, receiving.data_set_bytes, receiving.started_s)

    def _answer(
        self, request: Request, answer: Answer, data_set_bytes: int, started_s: float
    ) -> None:
        elements: ResponseElements = {}
        if answer.comment:
            elements["error_comment"] = answer.comment
        if answer.offending:
            elements["offending_elements"] = answer.offending
        response = response_to(request, answer.status, **elements)
        if self._line.respond(response):
            self._chronicle.operation(
                request, answer.status, data_set_bytes, started_s, self._line.now()
            )

    _PERFORM: ClassVar[dict[type[Request], Callable[..., None]]] = {
        CEchoRQ: _echo,
        CStoreRQ: _store,
    }
