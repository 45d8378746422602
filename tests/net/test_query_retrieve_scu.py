"""C-FIND, C-MOVE and C-GET of peers that answer as told; pynetdicom's are in interop/."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import pytest

from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, sop_class
from pacsd.dimse.commands import CFindRQ, CGetRQ, CMoveRQ, Priority, Request, Response
from pacsd.net import errors
from pacsd.net.query_retrieve_scu import Progress, QueryModel, find, get, move, propose_get
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination, Timeouts, open_association, propose
from pacsd.net.storage import DimseAnswer
from pacsd.net.store_contexts import MAX_CONTEXTS, StoredAs
from pacsd.net.sub_operations import StorePort
from tests.net.answering_peer import (
    CANCEL,
    CT,
    PENDING,
    SUCCESS,
    AnsweringConnection,
    AnsweringPeer,
    answering_peer,
    answers,
)
from tests.net.harness import until
from tests.net.receiving import Received

ROOT = QueryModel.STUDY_ROOT
QUICK = Timeouts(message_s=0.2)
STORED = StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN)


async def opened(
    destination: Destination, store: StorePort | None = None, timeouts: Timeouts | None = None
) -> RequestedAssociation:
    contexts = propose([ROOT.find, ROOT.move]) if store is None else propose_get(ROOT, [STORED])
    return await open_association(
        destination, contexts, store=store, timeouts=timeouts or Timeouts()
    )


async def all_of(progress: AsyncGenerator[Progress, None]) -> list[Progress]:
    async with aclosing(progress):
        return [each async for each in progress]


@pytest.mark.parametrize("model", QueryModel)
def test_models_name_registered_classes(model: QueryModel) -> None:
    named = {"FIND": model.find, "MOVE": model.move, "GET": model.get}
    if model is QueryModel.COMPOSITE_INSTANCE_ROOT:
        assert sop_class(named.pop("FIND")) is None
    words = model.name.replace("_", " ").lower().split()
    for operation, uid in named.items():
        registered = sop_class(uid)
        assert registered is not None
        assert registered.name.endswith(f"- {operation}")
        assert all(word in registered.name.lower() for word in words)


# C-FIND


async def test_find_gives_the_identifier_of_each_match() -> None:
    peer = AnsweringPeer(answers(b"one", b"two"))
    async with answering_peer(peer) as destination:
        association = await opened(destination)
        assert association.context_for(ROOT.find).transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN
        async with aclosing(find(association, ROOT, b"keys", priority=Priority.LOW)) as matches:
            assert [match async for match in matches] == [b"one", b"two"]
        await association.release()
    ((request, identifier),) = peer.asked
    assert isinstance(request, CFindRQ)
    assert (request.affected_sop_class_uid, request.priority) == (ROOT.find, Priority.LOW)
    assert identifier == b"keys"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0xA700, "C-FIND: A700 Refused: Out of Resources (failure)"),
        (0xA900, "C-FIND: A900 Identifier Does Not Match SOP Class (failure)"),
        (0xB001, "C-FIND: B001 Matching reached response limit"),
        (0xFE00, "C-FIND: FE00 Terminated due to Cancel Request (cancel)"),
        (0x0122, "C-FIND: 0122 Refused: SOP Class Not Supported (failure)"),
    ],
)
async def test_a_find_that_does_not_tell_all_matches_fails_behind_them(
    status: int, words: str
) -> None:
    async with answering_peer(AnsweringPeer(answers(b"one", status=status))) as destination:
        association = await opened(destination)
        matches = find(association, ROOT, b"keys")
        assert await anext(matches) == b"one"
        with pytest.raises(errors.OperationFailed) as failed:
            await anext(matches)
        assert str(failed.value).startswith(words)
        assert failed.value.status == status
        assert association.is_usable
        await association.release()


async def test_d43_leaving_a_find_cancels_it() -> None:
    peer = AnsweringPeer(
        lambda connection, request, _: connection.respond(request, PENDING, b"one"),
        lambda connection, request: connection.respond(request, CANCEL),
    )
    async with answering_peer(peer) as destination:
        association = await opened(destination)
        async with aclosing(find(association, ROOT, b"keys")) as matches:
            async for match in matches:
                assert match == b"one"
                break
        await association.release()
    assert (peer.cancelled, peer.released) == ([1], 1)


async def test_a_model_the_peer_does_not_accept() -> None:
    async with answering_peer(AnsweringPeer(answers())) as destination:
        association = await opened(destination)
        with pytest.raises(errors.NotAccepted, match="Patient Root"):
            await anext(find(association, QueryModel.PATIENT_ROOT, b"keys"))
        with pytest.raises(errors.NotAccepted, match="GET"):
            await anext(get(association, ROOT, b"keys"))
        await association.release()


# C-MOVE


async def test_move_tells_how_far_it_is_and_what_failed() -> None:
    def perform(connection: AnsweringConnection, request: Request, _: bytes) -> None:
        connection.respond(request, PENDING, remaining=2, completed=0, failed=0, warning=0)
        connection.respond(request, PENDING)
        connection.respond(request, 0xB000, b"failed", completed=1, failed=1, warning=0)

    peer = AnsweringPeer(perform)
    async with answering_peer(peer) as destination:
        association = await opened(destination)
        told = await all_of(move(association, ROOT, b"keys", "ELSEWHERE"))
        await association.release()
    assert told == [
        Progress(PENDING, 2, 0, 0, 0),
        Progress(PENDING, None, None, None, None),
        Progress(0xB000, None, 1, 1, 0, failed=b"failed"),
    ]
    assert [each.is_final for each in told] == [False, False, True]
    ((request, _),) = peer.asked
    assert isinstance(request, CMoveRQ)
    assert request.move_destination == "ELSEWHERE"


async def test_d44_a_move_to_nobody_fails() -> None:
    async with answering_peer(AnsweringPeer(answers(status=0xA801))) as destination:
        association = await opened(destination)
        with pytest.raises(errors.OperationFailed, match="A801 Move destination unknown"):
            await all_of(move(association, ROOT, b"keys", "NOBODY"))
        await association.release()


# C-GET


class Getting:
    """Sends these objects one after the other, each when the one before is answered."""

    def __init__(self, *uids: str) -> None:
        self.uids = [*uids]
        self.request: Request | None = None
        self.statuses: list[int] = []

    def perform(self, connection: AnsweringConnection, request: Request, _: bytes) -> None:
        assert isinstance(request, CGetRQ)
        self.request = request
        self.next(connection)

    def responded(self, connection: AnsweringConnection, response: Response) -> None:
        self.statuses.append(response.status)
        self.next(connection)

    def next(self, connection: AnsweringConnection) -> None:
        assert self.request is not None
        done = len(self.statuses)
        if self.uids:
            remaining = len(self.uids)
            connection.respond(self.request, PENDING, remaining=remaining, completed=done)
            connection.store(self.uids.pop(0), b"object")
        else:
            connection.respond(self.request, SUCCESS, completed=done)

    def peer(self) -> AnsweringPeer:
        return AnsweringPeer(self.perform, responded=self.responded)


async def test_get_takes_the_objects_over_the_same_association() -> None:
    received, getting = Received(), Getting("1.2.1", "1.2.2")
    async with answering_peer(getting.peer()) as destination, anyio.create_task_group() as tasks:
        association = await opened(destination, received.port(tasks))
        told = await all_of(get(association, ROOT, b"keys"))
        await association.release()
    assert received.objects == {"1.2.1": b"object", "1.2.2": b"object"}
    assert received.syntaxes["1.2.1"] == EXPLICIT_VR_LITTLE_ENDIAN
    assert getting.statuses == [0, 0]
    assert [(each.remaining_count, each.completed_count) for each in told] == [
        (2, 0),
        (1, 1),
        (None, 2),
    ]


async def test_a_sub_operation_is_answered_as_its_sink_says() -> None:
    received, getting = Received(DimseAnswer(0xA700, "no room")), Getting("1.2.1")
    async with answering_peer(getting.peer()) as destination, anyio.create_task_group() as tasks:
        association = await opened(destination, received.port(tasks))
        await all_of(get(association, ROOT, b"keys"))
        await association.release()
    assert getting.statuses == [0xA700]


async def test_d46_without_a_place_for_them_sub_operations_are_refused() -> None:
    """Nobody said that they are wanted: the peer counts them as failed, the association lives."""
    getting = Getting("1.2.1")
    async with answering_peer(getting.peer()) as destination:
        association = await open_association(destination, propose_get(ROOT, [STORED]))
        await all_of(get(association, ROOT, b"keys"))
        await association.release()
    assert getting.statuses == [0x0211]


async def test_what_the_disk_takes_is_not_the_peers_delay() -> None:
    received, getting = Received(gate=anyio.Event()), Getting("1.2.1")
    async with answering_peer(getting.peer()) as destination, anyio.create_task_group() as tasks:
        association = await opened(destination, received.port(tasks), QUICK)
        progress = get(association, ROOT, b"keys")
        assert (await anext(progress)).remaining_count == 1
        await until(lambda: bool(received.syntaxes))
        await anyio.wait_all_tasks_blocked()
        assert association.session.get_timer() is None
        assert received.gate is not None
        received.gate.set()
        assert (await anext(progress)).is_final
        await progress.aclose()
        await association.release()
    assert getting.statuses == [0]


async def test_d43_sub_operations_after_the_cancel_are_taken_until_the_final_response() -> None:
    def cancel(connection: AnsweringConnection, _: Request) -> None:
        connection.store("1.2.2", b"late")

    def responded(connection: AnsweringConnection, _: Response) -> None:
        connection.respond(peer.asked[0][0], CANCEL, completed=1, failed=0, warning=0)

    received = Received()
    peer = AnsweringPeer(
        lambda connection, request, _: connection.respond(request, PENDING), cancel, responded
    )
    async with answering_peer(peer) as destination, anyio.create_task_group() as tasks:
        association = await opened(destination, received.port(tasks))
        progress = get(association, ROOT, b"keys")
        await anext(progress)
        await progress.aclose()
        await association.release()
    assert received.objects == {"1.2.2": b"late"}
    assert (peer.cancelled, peer.released, peer.aborted) == ([1], 1, 0)


async def test_d43_a_peer_that_sends_objects_for_ever_after_the_cancel_is_aborted() -> None:
    def store(connection: AnsweringConnection, *_: object) -> None:
        if connection.session.is_established:
            connection.store("1.2.2", b"again")

    received = Received()
    peer = AnsweringPeer(
        lambda connection, request, _: connection.respond(request, PENDING), store, store
    )
    async with answering_peer(peer) as destination, anyio.create_task_group() as tasks:
        association = await opened(destination, received.port(tasks), QUICK)
        progress = get(association, ROOT, b"keys")
        await anext(progress)
        await progress.aclose()
        await until(lambda: not association.is_usable)
        await until(lambda: peer.aborted == 1)


async def test_d45_a_peer_that_dies_within_an_object_leaves_nothing_half() -> None:
    def perform(connection: AnsweringConnection, request: Request, _: bytes) -> None:
        connection.respond(request, PENDING)
        connection.begin_store("1.2.1", b"half")
        connection._loop.call_later(0.01, connection.cut_off)

    received = Received()
    async with (
        answering_peer(AnsweringPeer(perform)) as destination,
        anyio.create_task_group() as tasks,
    ):
        association = await opened(destination, received.port(tasks))
        with pytest.raises(errors.ConnectionLost):
            await all_of(get(association, ROOT, b"keys"))
    assert received.objects == {}
    assert received.aborted == ["the peer closed the connection"]


async def test_a_defect_of_the_sink_ends_the_association() -> None:
    received, getting = Received(error=ValueError("a defect")), Getting("1.2.1")
    async with answering_peer(getting.peer()) as destination, anyio.create_task_group() as tasks:
        association = await opened(destination, received.port(tasks))
        with pytest.raises(errors.AssociationError, match="internal error"):
            await all_of(get(association, ROOT, b"keys"))


async def test_a_congested_sink_pauses_the_peer() -> None:
    received, getting = Received(is_congested=True), Getting("1.2.1")
    async with answering_peer(getting.peer()) as destination, anyio.create_task_group() as tasks:
        association = await opened(destination, received.port(tasks))
        association.is_congested(is_so=True)
        progress = get(association, ROOT, b"keys")
        tasks.start_soon(all_of, progress)
        await until(lambda: getting.request is not None)
        await anyio.wait_all_tasks_blocked()
        assert not received.syntaxes
        association.is_congested(is_so=False)
        await until(lambda: bool(received.objects))
        association.abort()
        tasks.cancel_scope.cancel()


def test_a_get_proposes_what_it_can_take() -> None:
    contexts = propose_get(ROOT, [STORED])
    assert contexts[-1].abstract_syntax == ROOT.get
    ids = [context.context_id for context in contexts]
    assert ids == list(range(1, 2 * len(contexts), 2))
    many = [StoredAs(f"1.2.{number}", "1.2.840.10008.1.2.4.50") for number in range(MAX_CONTEXTS)]
    assert len(propose_get(ROOT, many[1:])) == MAX_CONTEXTS
    with pytest.raises(ValueError, match="128 presentation contexts and one"):
        propose_get(ROOT, many)
