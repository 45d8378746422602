"""Operations, on a line that is not a socket."""

from collections.abc import AsyncIterator, Coroutine

import anyio
import pytest
from prometheus_client import CollectorRegistry

from pacsd.api.access import AccessRequest, Door, Login, NotRecognized, Principal, SightRequest
from pacsd.api.query_results import QueryResults
from pacsd.api.vote import Deny
from pacsd.archive.ingest import Ingest
from pacsd.dicom.registry import VERIFICATION
from pacsd.dicom.status import Status
from pacsd.dimse.commands import CEchoRQ, CFindRQ, CStoreRQ, NSetRQ, Request, Response
from pacsd.dimse.events import CancelReceived, DataSetFragment, RequestReceived
from pacsd.dimse.session import Session
from pacsd.net.chronicle import Books, Chronicle
from pacsd.net.metrics import NetMetrics
from pacsd.net.performer import Performer, Services
from pacsd.net.permissions import (
    Authorize,
    Known,
    Logins,
    Permissions,
    Restrict,
    Sights,
    StayingLogin,
)
from pacsd.net.recorder import Recorder
from pacsd.net.responses import Work
from pacsd.net.results import Results
from pacsd.net.settings import RecorderSettings
from pacsd.net.storage import Caller
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import Buffer
from tests.net.harness import FakeFinder, FakeRetriever, retrieving

CT = "1.2.840.10008.5.1.4.1.1.2"
ECHO = CEchoRQ(message_id=1, affected_sop_class_uid=VERIFICATION)
SET = NSetRQ(message_id=3, requested_sop_class_uid=CT, requested_sop_instance_uid="1.2.3")
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
FIND = CFindRQ(message_id=4, affected_sop_class_uid=STUDY_ROOT_FIND)
STORE = CStoreRQ(
    message_id=2,
    affected_sop_class_uid=CT,
    affected_sop_instance_uid="1.2.3",
    has_data_set=True,
)
OBJECT = data_set({"SOPInstanceUID": ""})


class FakeLine:
    """Keeps what is said; runs spawned work when it is told to."""

    def __init__(self) -> None:
        self.responses: list[Response] = []
        self.data_sets: list[bytes | None] = []
        self.flushes = 0
        self.waiting: list[Coroutine[object, object, None]] = []
        self.is_open = True
        self.congestion: list[bool] = []

    def now(self) -> float:
        return 0.0

    def spawn(self, work: Work, name: str) -> None:
        assert name
        self.waiting.append(work())

    def respond(self, response: Response, data_set: bytes | None = None) -> bool:
        if self.is_open:
            self.responses.append(response)
            self.data_sets.append(data_set)
        return self.is_open

    def flush(self) -> None:
        self.flushes += 1

    def flush_soon(self) -> None:
        self.flush()

    async def until_writable(self) -> None:
        await anyio.lowlevel.checkpoint()

    def is_congested(self, *, is_so: bool) -> None:
        self.congestion.append(is_so)

    @property
    def session(self) -> Session:
        raise AssertionError("no sub-operations over this line")

    async def perform(
        self,
        context: PresentationContext,
        request: Request,
        data_set: AsyncIterator[Buffer] | None = None,
    ) -> Response:
        raise AssertionError(f"{request} with {data_set} over {context}")

    async def run(self) -> None:
        waiting, self.waiting = self.waiting, []
        for work in waiting:
            await work


class Bench:
    """A performer with all that it needs."""

    def __init__(
        self,
        ingest: Ingest,
        permissions: Permissions | None = None,
        sights: Sights | None = None,
        results: Results | None = None,
        login: StayingLogin | None = None,
    ) -> None:
        self.line = FakeLine()
        registry = CollectorRegistry()
        books = Books(Recorder(RecorderSettings()), NetMetrics(registry))
        caller = Caller("CT1", "PACSD", "192.0.2.1", login=login)
        retrieval = retrieving(FakeRetriever())
        finder = FakeFinder([{0x0020000D: "1.2"}])
        services = Services(ingest, finder, retrieval, permissions, sights, results)
        self.performer = Performer(self.line, services, caller, Chronicle(books, "192.0.2.1"))

    def ask(self, request: Request) -> None:
        context = PresentationContext(1, request.sop_class_uid, "1.2.840.10008.1.2.1")
        self.performer.requested(RequestReceived(context, request))

    def give(self, request: Request, data: bytes, *, is_last: bool = True) -> None:
        fragment = DataSetFragment(
            request.message_id, is_response=False, data=data, is_last=is_last
        )
        self.performer.fragment(fragment)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def bench(store: MemoryStore) -> Bench:
    return Bench(Ingest(store, MemoryRegister(), now_us=lambda: 0))


async def running(ingest: Ingest, tasks: anyio.abc.TaskGroup) -> None:
    started = anyio.Event()
    tasks.start_soon(ingest.run, started.set)
    await started.wait()


async def test_an_echo_is_answered_at_once(store: MemoryStore) -> None:
    bench = Bench(Ingest(store, MemoryRegister(), now_us=lambda: 0))
    bench.ask(ECHO)
    assert [response.status for response in bench.line.responses] == [0]
    assert not bench.line.waiting


async def test_a_store_is_answered_when_it_is_durable(store: MemoryStore) -> None:
    ingest = Ingest(store, MemoryRegister(), now_us=lambda: 0)
    async with anyio.create_task_group() as tasks:
        await running(ingest, tasks)
        bench = Bench(ingest)
        bench.ask(STORE)
        bench.give(STORE, OBJECT[:9], is_last=False)
        bench.give(STORE, OBJECT[9:])
        assert not bench.performer.is_idle
        assert not bench.line.responses
        await bench.line.run()
        assert [response.status for response in bench.line.responses] == [0]
        assert bench.performer.is_idle
        tasks.cancel_scope.cancel()
    (kept,) = store.objects.values()
    assert kept.endswith(OBJECT)


async def test_a_refusal_names_the_offending_element(store: MemoryStore) -> None:
    ingest = Ingest(store, MemoryRegister(), now_us=lambda: 0)
    async with anyio.create_task_group() as tasks:
        await running(ingest, tasks)
        bench = Bench(ingest)
        bench.ask(STORE)
        bench.give(STORE, data_set({"SOPInstanceUID": "1.2.999"}))
        await bench.line.run()
        tasks.cancel_scope.cancel()
    [response] = bench.line.responses
    assert (response.status, response.offending_elements) == (0xA900, (0x00080018,))


async def test_giving_up_keeps_nothing_and_answers_nothing(store: MemoryStore) -> None:
    bench = Bench(Ingest(store, MemoryRegister(), now_us=lambda: 0))
    bench.ask(STORE)
    bench.give(STORE, b"abc", is_last=False)
    bench.performer.give_up("the connection is gone")
    await bench.line.run()
    bench.give(STORE, b"def")
    assert (bench.line.responses, bench.line.waiting, store.objects) == ([], [], {})


async def test_an_operation_we_do_not_have_is_answered_behind_its_data_set(
    store: MemoryStore,
) -> None:
    bench = Bench(Ingest(store, MemoryRegister(), now_us=lambda: 0))
    bench.ask(SET)
    assert not bench.line.responses
    bench.give(SET, b"identifier")
    await bench.line.run()
    assert [each.status for each in bench.line.responses] == [Status.UNRECOGNIZED_OPERATION]


async def test_a_response_to_nobody_is_not_counted(store: MemoryStore) -> None:
    bench = Bench(Ingest(store, MemoryRegister(), now_us=lambda: 0))
    bench.line.is_open = False
    bench.ask(ECHO)
    assert not bench.line.responses


async def test_a_query_is_performed_beside_the_association_and_can_be_cancelled(
    bench: Bench,
) -> None:
    bench.ask(FIND)
    bench.give(FIND, b"\x08\0\x52\0CS\x06\0STUDY ")
    assert not bench.performer.is_idle
    bench.performer.cancelled(CancelReceived(FIND.message_id))
    await bench.line.run()
    assert bench.performer.is_idle
    assert [each.status for each in bench.line.responses] == [Status.CANCEL]


async def test_a_cancel_of_what_is_not_performed_means_nothing(bench: Bench) -> None:
    bench.performer.cancelled(CancelReceived(FIND.message_id))
    bench.ask(FIND)
    bench.performer.cancelled(CancelReceived(FIND.message_id))
    bench.give(FIND, b"\x08\0\x52\0CS\x06\0STUDY ")
    await bench.line.run()
    assert [each.status for each in bench.line.responses] == [Status.PENDING, Status.SUCCESS]


@pytest.mark.parametrize("is_allowed", [True, False])
async def test_operations_are_asked_about_before_they_begin(
    store: MemoryStore, *, is_allowed: bool
) -> None:
    asked: list[AccessRequest] = []

    async def authorize(request: AccessRequest) -> Deny | None:
        asked.append(request)
        return None if is_allowed else Deny("no")

    ingest = Ingest(store, MemoryRegister(), now_us=lambda: 0)
    bench = Bench(ingest, Permissions(lambda: authorize, lambda: 0.0))
    async with anyio.create_task_group() as tasks:
        await running(ingest, tasks)
        bench.ask(STORE)
        bench.give(STORE, OBJECT)
        await bench.line.run()
        tasks.cancel_scope.cancel()
    [response] = bench.line.responses
    assert response.status == (Status.SUCCESS if is_allowed else Status.NOT_AUTHORIZED)
    assert len(store.objects) == is_allowed
    assert [(each.principal.name, each.door, each.action) for each in asked] == [
        ("CT1", "dimse", "store")
    ]


@pytest.mark.parametrize("request_", [STORE, FIND])
async def test_who_is_asked_is_known_once_the_data_set_is_here(
    store: MemoryStore, request_: Request
) -> None:
    async def never(_: AccessRequest) -> Deny:
        return Deny("no")

    enabled: list[Authorize] = []
    ingest = Ingest(store, MemoryRegister(), now_us=lambda: 0)
    permissions = Permissions(lambda: enabled[0] if enabled else None, lambda: 0.0)
    bench = Bench(ingest, permissions)
    async with anyio.create_task_group() as tasks:
        await running(ingest, tasks)
        bench.ask(request_)
        enabled.append(never)
        bench.give(request_, OBJECT)
        await bench.line.run()
        tasks.cancel_scope.cancel()
    assert [each.status for each in bench.line.responses] == [Status.NOT_AUTHORIZED]
    assert not store.objects


async def test_what_is_seen_is_known_once_the_data_set_is_here(store: MemoryStore) -> None:
    async def nobody_knows(_: SightRequest) -> None:
        """What it sees cannot be told."""

    enabled: list[Restrict] = []
    sights = Sights(lambda: enabled[0] if enabled else None, lambda: 0.0)
    bench = Bench(Ingest(store, MemoryRegister(), now_us=lambda: 0), sights=sights)
    bench.ask(FIND)
    enabled.append(nobody_knows)
    bench.give(FIND, b"\x08\0\x52\0CS\x06\0STUDY ")
    await bench.line.run()
    assert [each.status for each in bench.line.responses] == [Status.NOT_AUTHORIZED]


@pytest.mark.parametrize("fails", [True, False])
async def test_results_are_asked_about_for_the_caller(store: MemoryStore, *, fails: bool) -> None:
    asked: list[QueryResults] = []

    async def change(results: QueryResults) -> QueryResults | None:
        asked.append(results)
        return None if fails else results

    results = Results(lambda: change)
    bench = Bench(Ingest(store, MemoryRegister(), now_us=lambda: 0), results=results)
    bench.ask(FIND)
    bench.give(FIND, b"\x08\0\x52\0CS\x06\0STUDY ")
    await bench.line.run()
    statuses = [each.status for each in bench.line.responses]
    assert statuses == ([Status.UNABLE_TO_PROCESS] if fails else [Status.PENDING, Status.SUCCESS])
    [page] = asked
    assert page.principal == Principal("CT1", is_authenticated=False)
    assert (page.door, page.peer_host, page.level) == ("dimse", "192.0.2.1", "STUDY")


async def test_nothing_more_is_told_once_a_login_is_no_good(store: MemoryStore) -> None:
    answers: list[Principal | NotRecognized] = [NotRecognized("it has left"), Principal("ann")]

    async def authenticate(_: Login) -> Principal | NotRecognized:
        return answers.pop()

    async def change(results: QueryResults) -> QueryResults:
        raise AssertionError(results)

    # Good when the query begins, and not any more when there is something to be told.
    now = iter((0.0, 31.0, 31.0))
    logins = Logins(lambda: authenticate, lambda: next(now, 99.0))
    login = Login(Door.DIMSE, "192.0.2.1", "bearer", "token")
    staying = StayingLogin(logins, login, Known(Principal("ann"), 30.0))
    bench = Bench(
        Ingest(store, MemoryRegister(), now_us=lambda: 0),
        results=Results(lambda: change),
        login=staying,
    )
    answers.pop()
    bench.ask(FIND)
    bench.give(FIND, b"\x08\0\x52\0CS\x06\0STUDY ")
    await bench.line.run()
    [response] = bench.line.responses
    assert (response.status, response.error_comment) == (
        Status.UNABLE_TO_PROCESS,
        "its login is no good any more",
    )
