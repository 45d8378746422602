"""A listener in this process, on a store in memory, and callers that speak bytes to it."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Self

import anyio
from prometheus_client import CollectorRegistry

from pacsd.api.errors import StoreError
from pacsd.api.store import Location, Staged
from pacsd.archive.access import Retrieved
from pacsd.archive.finding import Match
from pacsd.archive.ingest import Ingest
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.level_attributes import level_of
from pacsd.dicom.query import Query
from pacsd.dicom.registry import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
)
from pacsd.dicom.tag import Tag
from pacsd.dimse.command_codec import decode_command, encode_command
from pacsd.dimse.commands import AnyCommand, CEchoRQ, CStoreRQ, Request, Response
from pacsd.net.admission import Gatekeeper
from pacsd.net.ae import ApplicationEntity
from pacsd.net.chronicle import Books
from pacsd.net.committing import Committing
from pacsd.net.endpoint import Endpoint
from pacsd.net.finding import Finds
from pacsd.net.listener import Listener
from pacsd.net.metrics import NetMetrics
from pacsd.net.peers import Peer, PeerBook
from pacsd.net.performer import Services
from pacsd.net.permissions import (
    Authenticate,
    Authorize,
    Logins,
    Permissions,
    Restrict,
    Sights,
)
from pacsd.net.places import Places
from pacsd.net.recorder import AssociationRecord, Recorder
from pacsd.net.retrieving import Retrieves, Retrieving
from pacsd.net.scp import AcceptanceHook, ClosedHook, Desk
from pacsd.net.scu import Timeouts
from pacsd.net.settings import AESettings, DimseSettings, RecorderSettings
from pacsd.net.trace import Trace
from pacsd.net.transcoding import NO_TRANSCODING, Transcoding
from pacsd.net.turns import Turns
from pacsd.testing import objects
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from pacsd.ul import decode, encode
from pacsd.ul.association import Limits
from pacsd.ul.items import OperationsWindow, UserIdentityRQ, UserInformation
from pacsd.ul.pdu import PDV, AssociateRQ, PDataTF, ProposedContext

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
BASIC_FILM_SESSION = "1.2.840.10008.5.1.1.1"
LOOPBACK = "127.0.0.1"
ECHO_CONTEXT, STORE_CONTEXT = 1, 3
PATIENCE_S = 10.0
"""How long a test waits for what must happen at once; it only ever passes if something is wrong."""

CONTEXTS = (
    ProposedContext(ECHO_CONTEXT, VERIFICATION, (IMPLICIT_VR_LITTLE_ENDIAN,)),
    ProposedContext(STORE_CONTEXT, CT_IMAGE_STORAGE, (EXPLICIT_VR_LITTLE_ENDIAN,)),
)
DATA_SET = objects.data_set({"SOPClassUID": "", "SOPInstanceUID": ""}, pixel_bytes=3_000)
"""An object that leaves its UIDs to the command."""

HEAD = DATA_SET[:-3_000]
"""The same up to its pixels, of which there may be more."""

RELEASE_RQ = bytes.fromhex("05 00 00000004 00000000")
RELEASE_RP = bytes.fromhex("06 00 00000004 00000000")


def abort_pdu(source: int, reason: int) -> bytes:
    return bytes((7, 0, 0, 0, 0, 4, 0, 0, source, reason))


def reject_pdu(result: int, source: int, reason: int) -> bytes:
    return bytes((3, 0, 0, 0, 0, 4, 0, result, source, reason))


def associate_rq(
    called_ae: str = "PACSD",
    calling_ae: str = "MODALITY",
    contexts: tuple[ProposedContext, ...] = CONTEXTS,
    window: OperationsWindow | None = None,
    max_length: int = 16_384,
    identity: UserIdentityRQ | None = None,
) -> bytes:
    information = UserInformation(
        max_length=max_length,
        implementation_class_uid="1.2.3",
        operations_window=window,
        user_identity=identity,
    )
    return encode.encode_associate_rq(AssociateRQ(called_ae, calling_ae, contexts, information))


def p_data(data: bytes, context_id: int, *, is_command: bool, is_last: bool = True) -> bytes:
    return encode.encode_p_data(PDataTF((PDV(context_id, is_command, is_last, data),)))


def command(message: AnyCommand, context_id: int = ECHO_CONTEXT) -> bytes:
    return p_data(encode_command(message), context_id, is_command=True)


def data_set(
    data: bytes = DATA_SET, context_id: int = STORE_CONTEXT, *, is_last: bool = True
) -> bytes:
    return p_data(data, context_id, is_command=False, is_last=is_last)


def echo_rq(message_id: int = 1) -> CEchoRQ:
    return CEchoRQ(message_id=message_id, affected_sop_class_uid=VERIFICATION)


def store_rq(message_id: int = 1, uid: str = "1.2.3.4") -> CStoreRQ:
    return CStoreRQ(
        message_id=message_id,
        affected_sop_class_uid=CT_IMAGE_STORAGE,
        affected_sop_instance_uid=uid,
        has_data_set=True,
    )


async def until(is_so: Callable[[], bool]) -> None:
    """Let the loop run until something has happened."""
    with anyio.fail_after(PATIENCE_S):
        while not is_so():
            await anyio.lowlevel.checkpoint()


class GatedStore(MemoryStore):
    """Commits nothing before `gate` is opened, `entered` tells that one waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = anyio.Event()
        self.entered = anyio.Event()
        self.gate.set()

    async def commit(self, group: Sequence[Staged], /) -> Sequence[Location | StoreError]:
        self.entered.set()
        await self.gate.wait()
        return await super().commit(group)


class Caller:
    """A peer's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pdus: bytes) -> None:
        self.writer.write(b"".join(pdus))
        with anyio.fail_after(PATIENCE_S):
            await self.writer.drain()

    async def pdu(self) -> bytes:
        """The next PDU, whole."""
        with anyio.fail_after(PATIENCE_S):
            header = await self.reader.readexactly(6)
            return header + await self.reader.readexactly(int.from_bytes(header[2:], "big"))

    async def rest(self) -> bytes:
        """All that comes until the connection closes, by whatever means."""
        with anyio.fail_after(PATIENCE_S), contextlib.suppress(ConnectionError):
            return await self.reader.read()
        return b""

    async def associate(self, request: bytes | None = None) -> Self:
        await self.send(associate_rq() if request is None else request)
        answer = await self.pdu()
        assert answer[0] == 2, answer.hex()
        return self

    async def response(self) -> Response:
        """The next response."""
        received = await self.pdu()
        assert received[0] == 4, received.hex()
        pdu = decode.decode_p_data(memoryview(received)[6:])
        assert [(pdv.is_command, pdv.is_last) for pdv in pdu.pdvs] == [(True, True)]
        message = decode_command(bytes(pdu.pdvs[0].data))
        assert isinstance(message, Response)
        return message

    async def request(self) -> Request:
        """The next request; its data set follows."""
        received = await self.pdu()
        assert received[0] == 4, received.hex()
        (pdv,) = decode.decode_p_data(memoryview(received)[6:]).pdvs
        message = decode_command(bytes(pdv.data))
        assert isinstance(message, Request)
        return message

    async def echo(self, message_id: int = 1) -> int:
        await self.send(command(echo_rq(message_id)))
        return (await self.response()).status

    async def store(self, uid: str = "1.2.3.4", data: bytes = DATA_SET) -> int:
        await self.send(command(store_rq(uid=uid), STORE_CONTEXT), data_set(data))
        return (await self.response()).status

    async def release(self) -> None:
        await self.send(RELEASE_RQ)
        assert await self.pdu() == RELEASE_RP
        self.writer.close()

    def reset(self) -> None:
        """Close by RST instead of FIN."""
        own: socket.socket = self.writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class FakeFinder:
    """Answers every query with these pages."""

    def __init__(self, *pages: Sequence[Match]) -> None:
        self.pages = pages
        self.asked: list[Query] = []

    async def unsupported(self, query: Query) -> tuple[Tag, ...]:
        asked = (key.tag for key in query.returned)
        return tuple(tag for tag in asked if level_of(tag) > query.level)

    async def find(
        self, query: Query, zone_minutes: int | None = None, *, sight: Sight = EVERYTHING
    ) -> AsyncGenerator[Sequence[Match], None]:
        assert zone_minutes is None
        self.asked.append(sight.over(query))
        for page in self.pages:
            yield page


class FakeRetriever:
    """Has these objects, all of which every query names."""

    def __init__(self, *objects: tuple[Retrievable, bytes]) -> None:
        self.objects = objects
        self.asked: list[Query] = []
        self._was_asked = anyio.Event()

    async def until_asked(self, times: int) -> None:
        while len(self.asked) < times:
            await self._was_asked.wait()

    async def select(self, query: Query, *, sight: Sight = EVERYTHING) -> Sequence[int]:
        self.asked.append(sight.over(query))
        was_asked, self._was_asked = self._was_asked, anyio.Event()
        was_asked.set()
        return range(len(self.objects))

    async def instances(
        self, numbers: Sequence[int]
    ) -> AsyncGenerator[Sequence[Retrievable], None]:
        for number in numbers:
            yield [self.objects[number][0]]

    def data_sets(
        self, page: Sequence[Retrievable]
    ) -> Sequence[Callable[[], AsyncGenerator[bytes, None]]]:
        return [partial(self.read, instance) for instance in page]

    async def read(self, instance: Retrievable) -> AsyncGenerator[bytes, None]:
        for known, data in self.objects:
            if known is instance:
                yield data


class Trail:
    """Keeps what was noted."""

    def __init__(self) -> None:
        self.noted: list[Retrieved] = []

    async def note(self, retrieved: Retrieved) -> None:
        self.noted.append(retrieved)


def retrieving(
    retriever: Retrieves,
    *peers: Peer,
    trail: Trail | None = None,
    max_retrievals: int = 4,
    transcoding: Transcoding = NO_TRANSCODING,
) -> Retrieving:
    book = PeerBook(peers)
    return Retrieving(
        retriever,
        lambda: book,
        Timeouts(),
        Turns(max_retrievals),
        trail or Trail(),
        frozenset({"PACSD"}),
        transcoding=transcoding,
    )


@dataclass(frozen=True, slots=True)
class Setup:
    """What a listener is made of; see the settings of the same names."""

    dimse: DimseSettings = field(default_factory=DimseSettings)
    ae: tuple[AESettings, ...] = (AESettings(),)
    peers: tuple[Peer, ...] = ()
    store: MemoryStore = field(default_factory=MemoryStore)
    register: MemoryRegister = field(default_factory=MemoryRegister)
    finder: Finds = field(default_factory=FakeFinder)
    retriever: Retrieves = field(default_factory=FakeRetriever)
    max_retrievals: int = 4
    transcoding: Transcoding = NO_TRANSCODING
    hook: AcceptanceHook | None = None
    closed_hook: ClosedHook | None = None
    authenticate: Authenticate | None = None
    authorize: Authorize | None = None
    restrict: Restrict | None = None
    committing: Committing | None = None
    trace: frozenset[str] = frozenset()
    max_pending_bytes_per_object: int = 8 * 262_144


class Served:
    """A listener that runs, and what can be seen of it."""

    def __init__(self, setup: Setup) -> None:
        dimse = setup.dimse
        self.setup = setup
        self.hook = setup.hook
        self.store = setup.store
        self.trail = Trail()
        self.registry = CollectorRegistry()
        self.recorder = Recorder(RecorderSettings())
        self.register = setup.register
        self.ingest = Ingest(
            setup.store,
            setup.register,
            now_us=lambda: 0,
            max_pending_bytes_per_object=setup.max_pending_bytes_per_object,
        )
        self.places = Places(dimse.max_associations, dimse.reserved_associations)
        self.gatekeeper = Gatekeeper(
            {own.title: ApplicationEntity.of(own, dimse) for own in setup.ae},
            PeerBook(setup.peers),
            self.places,
            dimse.max_associations_per_peer,
        )
        trace = Trace(setup.trace) if setup.trace else None
        retrieval = retrieving(
            setup.retriever,
            *setup.peers,
            trail=self.trail,
            max_retrievals=setup.max_retrievals,
            transcoding=setup.transcoding,
        )
        desk = Desk(
            gatekeeper=self.gatekeeper,
            services=Services(
                self.ingest,
                setup.finder,
                retrieval,
                Permissions(lambda: setup.authorize, lambda: 0.0),
                Sights(lambda: setup.restrict, lambda: 0.0),
                committing=setup.committing,
            ),
            books=Books(self.recorder, NetMetrics(self.registry), trace),
            limits=Limits(artim_s=dimse.artim_timeout_s, pdu_timeout_s=dimse.network_timeout_s),
            max_data_set_bytes=dimse.max_data_set_bytes,
            network_timeout_s=dimse.network_timeout_s,
            hook=lambda: self.hook,
            closed_hook=lambda: setup.closed_hook,
            logins=Logins(lambda: setup.authenticate, lambda: 0.0),
        )
        self.listener = Listener(desk, (Endpoint(LOOPBACK, 0),), backlog=64)

    @property
    def endpoint(self) -> Endpoint:
        return self.listener.addresses[0]

    @asynccontextmanager
    async def caller(self) -> AsyncIterator[Caller]:
        """A new connection, closed in the end if it is not."""
        reader, writer = await asyncio.open_connection(self.endpoint.host, self.endpoint.port)
        try:
            yield Caller(reader, writer)
        finally:
            writer.close()

    @asynccontextmanager
    async def associated(self, request: bytes | None = None) -> AsyncIterator[Caller]:
        """A new association."""
        async with self.caller() as caller:
            yield await caller.associate(request)

    @asynccontextmanager
    async def callers(self, count: int) -> AsyncIterator[list[Caller]]:
        """New connections, made in this order."""
        async with AsyncExitStack() as stack:
            opened: list[Caller] = []
            for _ in range(count):
                before = self.count("pacsd_connections_total")
                opened.append(await stack.enter_async_context(self.caller()))
                await until(lambda: self.count("pacsd_connections_total") > before)  # noqa: B023
            yield opened

    def count(self, name: str, **labels: str) -> float:
        """A counter or gauge."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def last_record(self) -> AssociationRecord:
        """What the recorder keeps of the association that ended last."""
        return next(self.recorder.ended_associations())

    async def is_unharmed(self) -> None:
        """Nothing is left of whoever is gone, and a new caller is served."""
        await until(lambda: not len(self.places) and not self.listener.open_associations())
        await until(lambda: not self.ingest.health().open_objects)
        if isinstance(self.store, MemoryStore):
            assert self.store.staged == set()
        assert not self.count("pacsd_association_defects_total")
        if not self.gatekeeper.is_draining:
            async with self.caller() as late:
                await late.associate()
                assert await late.echo() == 0
                await late.release()
            await until(lambda: not len(self.places))


@asynccontextmanager
async def serving(setup: Setup | None = None) -> AsyncIterator[Served]:
    """Run a listener; in the end nothing may be left of its callers."""
    served = Served(setup or Setup())
    ready, listening = anyio.Event(), anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(served.ingest.run, ready.set)
        await ready.wait()
        tasks.start_soon(served.listener.run, listening.set)
        await listening.wait()
        yield served
        await served.is_unharmed()
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def hostile_row(served: Served, *, called_ae: str = "PACSD") -> AsyncIterator[None]:
    """Somebody behaves badly inside; another peer's association notices nothing of it."""
    async with served.caller() as bystander:
        await bystander.associate(associate_rq(called_ae=called_ae, calling_ae="BYSTANDER"))
        yield
        assert await bystander.echo() == 0
        await bystander.release()
