"""What a peer invokes over an association that we requested.

C-STORE sub-operations of our C-GET, and N-EVENT-REPORTs of what we asked for by N-ACTION.
PS3.4 section C.4.3: who was asked sends the objects over the association it was asked on. For that
we propose the role of an SCP of their SOP classes; a peer that left the proposal unanswered but
sends all the same is taken at its deed.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from pacsd.dicom.status import Status
from pacsd.dimse.commands import CStoreRQ, NEventReportRQ, Request, Response
from pacsd.dimse.events import DataSetFragment
from pacsd.net.responses import Work, response_of
from pacsd.net.storage import DataSetSink, DimseAnswer, RefusedSink
from pacsd.ul.negotiation import PresentationContext

RequestT = TypeVar("RequestT", bound=Request)
Begin = Callable[[PresentationContext, RequestT, Callable[[], None]], DataSetSink]
BeginStore = Callable[[PresentationContext, CStoreRQ, Callable[[], None]], DataSetSink]
BeginReport = Callable[[PresentationContext, NEventReportRQ, Callable[[], None]], DataSetSink]


@dataclass(frozen=True, slots=True)
class StorePort:
    """Where the objects go that come over an association we requested.

    `begin` judges a C-STORE-RQ and gives the sink of its data set; a congested sink calls the
    function it is given when it is drained. `spawn` runs work that waits, for a disk. A data set
    of more than `max_data_set_bytes` ends the association; 0 = of any length.
    """

    begin: BeginStore
    spawn: Callable[[Work, str], None]
    max_data_set_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ReportPort:
    """Who takes N-EVENT-REPORTs over an association we requested; as in `StorePort`."""

    begin: BeginReport
    spawn: Callable[[Work, str], None]


@dataclass(frozen=True, slots=True)
class Ports:
    """What a peer may invoke over an association that we request."""

    store: StorePort | None = None
    reports: ReportPort | None = None


NOTHING_SERVED = Ports()


class Line(Protocol):
    """What the sub-operations need of the association they come over."""

    def spawn(self, work: Work, name: str) -> None:
        """Run work that waits."""

    def respond(self, response: Response) -> bool:
        """Send a response; False if the association is gone."""

    def is_congested(self, *, is_so: bool) -> None:
        """Data sets come faster than they can be written, or no longer do."""


class SubOperations(Generic[RequestT]):
    """Such operations of one kind that are open on one association.

    `sop_class_uids` are those of which the peer may invoke it: of C-STORE, those of which we
    proposed to be SCP.
    """

    def __init__(self, line: Line, begin: Begin[RequestT], sop_class_uids: Container[str]) -> None:
        self._line = line
        self._begin = begin
        self._sop_class_uids = sop_class_uids
        self._receiving: dict[int, tuple[RequestT, DataSetSink]] = {}

    def requested(self, context: PresentationContext, request: RequestT) -> None:
        """A request has come; its data set follows."""
        if context.abstract_syntax in self._sop_class_uids:
            sink = self._begin(context, request, partial(self._line.is_congested, is_so=False))
        else:
            comment = "No class of which this was proposed"
            sink = RefusedSink(DimseAnswer(Status.SOP_CLASS_NOT_SUPPORTED, comment))
        self._receiving[request.message_id] = request, sink

    def fragment(self, event: DataSetFragment) -> None:
        """A part of its data set has come."""
        receiving = self._receiving.get(event.message_id)
        if receiving is None:
            return
        request, sink = receiving
        sink.write(event.data)
        if event.is_last:
            del self._receiving[event.message_id]
            self._line.spawn(partial(self._finish, request, sink), "finish a sub-operation")
        elif sink.is_congested:
            self._line.is_congested(is_so=True)

    def give_up(self, reason: str) -> None:
        """No more will come: nothing that is half received stays."""
        for _, sink in self._receiving.values():
            self._line.spawn(partial(sink.abort, reason), "give up a sub-operation")
        self._receiving.clear()

    async def _finish(self, request: RequestT, sink: DataSetSink) -> None:
        answer = await sink.finish()
        self._line.respond(response_of(request, answer))
