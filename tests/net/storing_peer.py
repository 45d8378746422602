"""A peer that stores: an SCP of a few lines on our own protocol core, as bad as a test needs it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from pacsd.dimse.commands import CStoreRQ, response_to
from pacsd.dimse.events import DataSetFragment, Event, RequestReceived
from pacsd.dimse.session import Session
from pacsd.net.endpoint import Endpoint
from pacsd.net.pump import Pause, Pump
from pacsd.net.scu import Destination
from pacsd.net.sending import Outbound
from pacsd.ul.association import Association, Limits
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.events import AssociateRequested, ReleaseRequested
from pacsd.ul.negotiation import AcceptorTerms
from pacsd.ul.pdu import AssociateRQ
from pacsd.ul.rejection import UserReason, rejected_by_user

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
NATIVE = frozenset({EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN})
Answer = Callable[[CStoreRQ], tuple[int, str] | None]


@dataclass(slots=True)
class Stored:
    """An instance as it came."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set: bytes


@dataclass(slots=True)
class StoringPeer:
    """What the peer takes and how it answers, and what it saw.

    `answer` gives status and Error Comment; None aborts the association instead. `holds` answers
    nothing before so many requests are outstanding. `reads` False: it takes nothing after the
    A-ASSOCIATE-RQ. `max_associations`: more than that in all are rejected; `max_open`: more than
    that at a time.
    """

    supported: Mapping[str, frozenset[str]] = field(
        default_factory=lambda: {CT: NATIVE, MR: NATIVE}
    )
    answer: Answer = lambda _: (0, "")
    window: int = 1
    holds: int = 1
    reads: bool = True
    max_associations: int = 1_000
    max_open: int = 1_000
    stored: list[Stored] = field(default_factory=list)
    requests: list[AssociateRQ] = field(default_factory=list)
    connections: list["PeerConnection"] = field(default_factory=list)
    most_open: int = 0
    released: int = 0

    def uids(self) -> list[str]:
        return [each.sop_instance_uid for each in self.stored]


class PeerConnection(Pump):
    """One association with it."""

    def __init__(self, peer: StoringPeer) -> None:
        super().__init__(memoryview(bytearray(65_536)), 30)
        self._peer = peer
        self._open: dict[int, tuple[RequestReceived, bytearray]] = {}
        self._done: list[CStoreRQ] = []

    def connected(self, now: float) -> Session:
        self._peer.connections.append(self)
        return Session(Association.acceptor(Limits(), now), now)

    def handle(self, event: Event) -> None:
        if isinstance(event, AssociateRequested):
            self._requested(event.request)
        elif isinstance(event, RequestReceived):
            self._open[event.request.message_id] = (event, bytearray())
            self._peer.most_open = max(self._peer.most_open, len(self._open) + len(self._done))
        elif isinstance(event, DataSetFragment):
            self._fragment(event)
        elif isinstance(event, ReleaseRequested):
            self._peer.released += 1
            self.session.respond_release(self.now())

    def broken(self, error: RemoteProtocolError) -> None:
        raise AssertionError(error)

    def failed(self, error: Exception) -> None:
        raise error

    def cut(self, why: str) -> None:
        raise AssertionError(why)

    def closed(self) -> None:
        """It is over."""

    def _requested(self, request: AssociateRQ) -> None:
        peer = self._peer
        peer.requests.append(request)
        are_open = sum(each.session.is_established for each in peer.connections)
        if len(peer.requests) > peer.max_associations or are_open >= peer.max_open:
            self.session.reject(rejected_by_user(UserReason.NO_REASON_GIVEN), self.now())
            return
        terms = AcceptorTerms(peer.supported, 16_384, "1.2.3", "PEER", peer.window)
        self.session.accept(terms, None, self.now())
        if not peer.reads:
            self.pause_reading(Pause.BACKLOG)

    def _fragment(self, event: DataSetFragment) -> None:
        received, data_set = self._open[event.message_id]
        data_set += event.data
        request = received.request
        if not event.is_last or not isinstance(request, CStoreRQ):
            return
        del self._open[event.message_id]
        syntax = received.context.transfer_syntax
        stored = Stored(request.sop_class_uid, request.sop_instance_uid, syntax, bytes(data_set))
        answer = self._peer.answer(request)
        if answer is None:
            self._loop.call_soon(self.abort_association)
            return
        self._peer.stored.append(stored)
        self._done.append(request)
        if len(self._done) + len(self._open) >= self._peer.holds:
            self._respond()

    def _respond(self) -> None:
        """Answer what is done, the last one first."""
        while self._done:
            request = self._done.pop()
            status, comment = self._peer.answer(request) or (0, "")
            response = response_to(request, status, error_comment=comment)
            self.session.respond(response, self.now())


@asynccontextmanager
async def storing(peer: StoringPeer) -> AsyncIterator[Destination]:
    """Run it."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: PeerConnection(peer), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Destination(Endpoint("127.0.0.1", port), "PEER", "ME")
        for connection in peer.connections:
            connection.cut_off()


def instance(
    uid: str,
    *buffers: bytes,
    sop_class_uid: str = CT,
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
    error: Exception | None = None,
) -> Outbound:
    """An instance of these buffers; in the end reading it raises `error`."""

    async def data_set() -> AsyncGenerator[bytes, None]:
        for buffer in buffers:
            yield buffer
        if error is not None:
            raise error

    is_even = sum(map(len, buffers)) % 2 == 0
    return Outbound(sop_class_uid, uid, transfer_syntax_uid, data_set, is_even)
