"""A peer that answers as a test tells it: an SCP of a few lines on our own protocol core."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.dimse.commands import CStoreRQ, Request, Response, response_to
from pacsd.dimse.events import (
    CancelReceived,
    DataSetFragment,
    Event,
    RequestReceived,
    ResponseReceived,
)
from pacsd.dimse.session import Session
from pacsd.net.endpoint import Endpoint
from pacsd.net.pump import Pump
from pacsd.net.scu import Destination
from pacsd.ul.association import Association, Limits
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.events import Aborted, AssociateRequested, ReleaseRequested
from pacsd.ul.negotiation import AcceptorTerms, PresentationContext
from pacsd.ul.pdu import AssociateRQ

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
CT = "1.2.840.10008.5.1.4.1.1.2"
PENDING, SUCCESS, CANCEL = 0xFF00, 0x0000, 0xFE00

Performs = Callable[["AnsweringConnection", Request, bytes], None]


@dataclass(slots=True)
class AnsweringPeer:
    """What it does about a request that is here whole, and about a C-CANCEL; and what it saw."""

    perform: Performs
    cancel: Callable[["AnsweringConnection", Request], None] = lambda *_: None
    responded: Callable[["AnsweringConnection", Response], None] = lambda *_: None
    window: int = 1
    requests: list[AssociateRQ] = field(default_factory=list)
    connections: list["AnsweringConnection"] = field(default_factory=list)
    asked: list[tuple[Request, bytes]] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    aborted: int = 0
    released: int = 0


class AnsweringConnection(Pump):
    """One association with it."""

    def __init__(self, peer: AnsweringPeer) -> None:
        super().__init__(memoryview(bytearray(65_536)), 30)
        self._peer = peer
        self._open: dict[int, Request] = {}
        self._identifier = bytearray()
        self.is_flowing = asyncio.Event()

    def connected(self, now: float) -> Session:
        self._peer.connections.append(self)
        return Session(Association.acceptor(Limits(), now), now)

    def handle(self, event: Event) -> None:
        peer = self._peer
        if isinstance(event, AssociateRequested):
            self._requested(event.request)
        elif isinstance(event, RequestReceived):
            self._open[event.request.message_id] = event.request
            self._identifier.clear()
        elif isinstance(event, DataSetFragment):
            self._identifier += event.data
            if event.is_last:
                request = self._open[event.message_id]
                peer.asked.append((request, bytes(self._identifier)))
                peer.perform(self, request, bytes(self._identifier))
        elif isinstance(event, ResponseReceived):
            peer.responses.append(event.response)
            peer.responded(self, event.response)
        elif isinstance(event, CancelReceived):
            peer.cancelled.append(event.message_id)
            peer.cancel(self, self._open[event.message_id])
        elif isinstance(event, ReleaseRequested):
            peer.released += 1
            self.session.respond_release(self.now())
        elif isinstance(event, Aborted):
            peer.aborted += 1

    def respond(
        self, request: Request, status: int, data_set: bytes | None = None, **counts: int
    ) -> None:
        """One response; what is counted are sub-operations."""
        elements = {f"number_of_{name}_suboperations": count for name, count in counts.items()}
        response = response_to(request, status, has_data_set=data_set is not None)
        response = replace(response, **elements)  # type: ignore[arg-type]
        self.session.respond(response, self.now(), data_set)
        self.flush()

    def store(self, uid: str, data_set: bytes, *, sop_class_uid: str = CT) -> None:
        """A C-STORE sub-operation over the same association."""
        message_id = self.begin_store(uid, sop_class_uid=sop_class_uid)
        self.session.send_data_set(message_id, data_set, is_last=True, now=self.now())
        self.flush()

    def begin_store(self, uid: str, begun: bytes = b"", *, sop_class_uid: str = CT) -> int:
        """The beginning of one: its Message ID."""
        request = CStoreRQ(
            message_id=self.session.next_message_id(),
            affected_sop_class_uid=sop_class_uid,
            affected_sop_instance_uid=uid,
        )
        self.session.request(self.context(sop_class_uid), request, self.now())
        if begun:
            self.session.send_data_set(request.message_id, begun, is_last=False, now=self.now())
            self.flush()
        return request.message_id

    def context(self, abstract_syntax: str) -> PresentationContext:
        agreed = self.session.negotiated
        assert agreed is not None
        return next(
            each for each in agreed.contexts.values() if each.abstract_syntax == abstract_syntax
        )

    def resume_writing(self) -> None:
        super().resume_writing()
        self.is_flowing.set()

    def broken(self, error: RemoteProtocolError) -> None:
        raise AssertionError(error)

    def failed(self, error: Exception) -> None:
        raise error

    def cut(self, why: str) -> None:
        raise AssertionError(why)

    def closed(self) -> None:
        """It is over."""

    def _requested(self, request: AssociateRQ) -> None:
        self._peer.requests.append(request)
        classes = {context.abstract_syntax for context in request.contexts}
        terms = AcceptorTerms(
            supported={uid: {EXPLICIT_VR_LITTLE_ENDIAN} for uid in classes},
            max_length=16_384,
            implementation_class_uid="1.2.3",
            implementation_version_name="PEER",
            max_operations_window=self._peer.window,
            scu_classes=classes,
        )
        self.session.accept(terms, None, self.now())


@asynccontextmanager
async def answering_peer(peer: AnsweringPeer) -> AsyncIterator[Destination]:
    """Run it."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: AnsweringConnection(peer), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Destination(Endpoint("127.0.0.1", port), "PEER", "ME")
        for connection in peer.connections:
            connection.cut_off()


def answers(*identifiers: bytes, status: int = SUCCESS) -> Performs:
    """A pending response for each identifier, then the final one."""

    def perform(connection: AnsweringConnection, request: Request, _: bytes) -> None:
        for identifier in identifiers:
            connection.respond(request, PENDING, identifier)
        connection.respond(request, status)

    return perform
