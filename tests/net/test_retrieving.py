"""C-MOVE and C-GET as SCP, over sockets: our own SCU asks, a peer of a few lines receives."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress

import anyio
import pytest

from pacsd.api.store import Location
from pacsd.archive.access import Retrieved
from pacsd.archive.finding import FindError, IndexUnavailable, TooManyMatches
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Unreadable
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.query import Query
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicom.status import Status
from pacsd.dimse.commands import CMoveRQ, CStoreRQ, Priority
from pacsd.index.records import Copy, CopyState
from pacsd.net import retrieving as retrievals
from pacsd.net.errors import AssociationError, OperationFailed
from pacsd.net.peers import Peer
from pacsd.net.query_retrieve_scu import Progress, QueryModel, get, move, propose_get
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination, open_association, propose
from pacsd.net.storage import DimseAnswer
from pacsd.net.store_contexts import StoredAs
from pacsd.net.transcoding import NO_TRANSCODING, NotTranscoded, Transcoding, Ways
from tests.dicom.by_pydicom import decoded, encoded, keys
from tests.dicom.written import EXPLICIT, element
from tests.net.harness import FakeRetriever, Served, Setup, serving, until
from tests.net.receiving import Received
from tests.net.storing_peer import CT, MR, NATIVE, StoringPeer, storing
from tests.net.transcoder import RLE, FakeTranscoding, WorkingTranscoding

STUDY = encoded(keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2"), EXPLICIT)
MODEL = QueryModel.STUDY_ROOT


def data(uid: str) -> bytes:
    raw = uid.encode()
    return element(0x00080018, "UI", raw + b"\0" * (len(raw) % 2))


def stored(
    uid: str, sop_class_uid: str = CT, syntax: str = EXPLICIT_VR_LITTLE_ENDIAN
) -> tuple[Retrievable, bytes]:
    size = len(data(uid))
    copy = Copy(1, Location("store", uid, size), size, b"", syntax, CopyState.OK, 0)
    return Retrievable(sop_class_uid, uid, "1.2", (copy,)), data(uid)


def several(count: int) -> FakeRetriever:
    return FakeRetriever(*(stored(f"1.2.{number}") for number in range(count)))


class FailingRetriever(FakeRetriever):
    """Fails when asked what there is, or within the first page, or at an object."""

    def __init__(self, error: Exception, at: str) -> None:
        super().__init__(*(stored(f"1.2.{number}") for number in range(3)))
        self._error, self._at = error, at

    async def select(self, query: Query, *, sight: Sight = EVERYTHING) -> Sequence[int]:
        if self._at == "select":
            raise self._error
        return await super().select(query, sight=sight)

    async def instances(
        self, numbers: Sequence[int]
    ) -> AsyncGenerator[Sequence[Retrievable], None]:
        async for page in super().instances(numbers):
            yield page
            if self._at == "page":
                raise self._error

    async def read(self, instance: Retrievable) -> AsyncGenerator[bytes, None]:
        if self._at == instance.sop_instance_uid:
            raise self._error
        async for piece in super().read(instance):
            yield piece


def peer_of(destination: Destination, **more: object) -> Peer:
    return Peer.model_validate(
        {
            "ae_title": "PEER",
            "host": destination.endpoint.host,
            "port": destination.endpoint.port,
            "move_destination": True,
            **more,
        }
    )


@asynccontextmanager
async def asking(served: Served, *syntaxes: str) -> AsyncIterator[RequestedAssociation]:
    destination = Destination(served.endpoint, "PACSD", "ASKING")
    contexts = propose((MODEL.move, MODEL.get), syntaxes or (EXPLICIT_VR_LITTLE_ENDIAN,))
    association = await open_association(destination, contexts)
    try:
        yield association
        await association.release()
    finally:
        association.abort()


class Told(list[Progress]):
    """The responses to a retrieval; `failure` is the last one's, if it is none of success."""

    failure: OperationFailed | None = None
    noted: Sequence[Retrieved] = ()

    def refusal(self) -> OperationFailed:
        assert self.failure is not None
        return self.failure


async def told(responses: AsyncIterator[Progress]) -> Told:
    """An error raised here, and not where it would be one of a group."""
    found = Told()
    try:
        async for each in responses:
            found.append(each)
    except OperationFailed as failure:
        found.failure = failure
    return found


async def moved(
    retriever: FakeRetriever,
    peer: StoringPeer,
    *,
    to: str = "PEER",
    transcoding: Transcoding = NO_TRANSCODING,
    **more: object,
) -> Told:
    """The responses to a C-MOVE of the study."""
    async with storing(peer) as destination:
        peers = (peer_of(destination, **more),)
        setup = Setup(retriever=retriever, peers=peers, transcoding=transcoding)
        async with serving(setup) as served, asking(served) as association:
            found = await told(move(association, MODEL, STUDY, to))
        found.noted = served.trail.noted
    return found


class Held:
    """A peer that answers nothing until it is let go, and what is asked of it begins."""

    def __init__(self) -> None:
        self.begun = anyio.Event()
        self.peer = StoringPeer(answer=self._answer, holds=2)

    def let_go(self) -> None:
        """End the association, so that it is opened anew, and answer."""
        self.peer.holds = 1
        self.peer.connections[0].abort_association()

    def _answer(self, _: CStoreRQ) -> tuple[int, str]:
        self.begun.set()
        return 0, ""


def setup_of(
    destination: Destination, retriever: FakeRetriever, *, max_retrievals: int = 4, **more: object
) -> Setup:
    peers = (peer_of(destination, **more),)
    return Setup(retriever=retriever, peers=peers, max_retrievals=max_retrievals)


def counts(progress: Progress) -> tuple[int | None, ...]:
    return (
        progress.remaining_count,
        progress.completed_count,
        progress.failed_count,
        progress.warning_count,
    )


def failed(progress: Progress) -> list[str]:
    listed = decoded(progress.failed, EXPLICIT).FailedSOPInstanceUIDList
    return [listed] if isinstance(listed, str) else list(listed)


async def test_objects_go_to_the_destination_as_they_were_stored() -> None:
    peer = StoringPeer()
    *_, last = await moved(several(3), peer)
    assert (last.status, counts(last)) == (Status.SUCCESS, (None, 3, 0, 0))
    assert {each.sop_instance_uid: each.data_set for each in peer.stored} == {
        f"1.2.{number}": data(f"1.2.{number}") for number in range(3)
    }
    assert last.failed == b""


async def test_the_destination_learns_whose_move_it_is() -> None:
    seen: list[CStoreRQ] = []

    def answer(request: CStoreRQ) -> tuple[int, str]:
        seen.append(request)
        return 0, ""

    await moved(several(1), StoringPeer(answer=answer))
    assert seen[0].move_originator_ae_title == "ASKING"
    assert seen[0].move_originator_message_id == 1
    assert seen[0].priority == Priority.MEDIUM


async def test_the_trail_says_who_retrieved_which_study() -> None:
    answers = {"1.2.1": 0xA700}
    peer = StoringPeer(
        answer=lambda request: (answers.get(request.affected_sop_instance_uid, 0), "")
    )
    (noted,) = (await moved(several(3), peer)).noted
    assert noted == Retrieved(
        actor="ASKING",
        peer_address="127.0.0.1",
        action="retrieve (C-MOVE to PEER)",
        outcome="B000",
        studies=("1.2",),
        detail="2 of 3 instances",
    )
    assert (await moved(FakeRetriever(), StoringPeer())).noted == []


async def test_several_associations_share_the_work() -> None:
    peer = StoringPeer(holds=1)
    *_, last = await moved(several(40), peer, connections=3)
    assert counts(last) == (None, 40, 0, 0)
    assert 1 <= len(peer.requests) <= 3


async def test_a_study_without_instances_is_moved_at_once() -> None:
    peer = StoringPeer()
    responses = await moved(FakeRetriever(), peer)
    assert [(each.status, counts(each)) for each in responses] == [(0, (None, 0, 0, 0))]
    assert peer.requests == []


@pytest.mark.parametrize("to", ["NOBODY", "PACSD"])
async def test_d44_only_destinations_of_the_peers_file_and_never_ourselves(to: str) -> None:
    peer = StoringPeer()
    own = "PACSD" if to == "PACSD" else "PEER"
    refusal = (await moved(several(1), peer, to=to, ae_title=own)).refusal()
    assert refusal.status == Status.MOVE_DESTINATION_UNKNOWN
    assert peer.requests == []


async def test_d44_a_peer_that_is_no_destination() -> None:
    refusal = (await moved(several(1), StoringPeer(), move_destination=False)).refusal()
    assert refusal.status == Status.MOVE_DESTINATION_UNKNOWN


async def test_warnings_and_failures_are_counted_and_failures_named() -> None:
    answers = {"1.2.0": 0xB007, "1.2.1": 0xA700}
    peer = StoringPeer(
        answer=lambda request: (answers.get(request.affected_sop_instance_uid, 0), "")
    )
    *_, last = await moved(several(4), peer)
    assert (last.status, counts(last)) == (Status.SUB_OPERATIONS_FAILED, (None, 2, 1, 1))
    assert failed(last) == ["1.2.1"]


async def test_what_the_destination_does_not_take_has_failed() -> None:
    retriever = FakeRetriever(stored("1.2.0"), stored("1.2.1", MR))
    *_, last = await moved(retriever, StoringPeer(supported={CT: NATIVE}))
    assert counts(last) == (None, 1, 1, 0)
    assert failed(last) == ["1.2.1"]


async def test_d45_a_destination_that_is_not_there() -> None:
    refusal = (await moved(several(3), StoringPeer(max_associations=0))).refusal()
    assert refusal.status == Status.UNABLE_TO_PERFORM_SUB_OPERATIONS
    listed = decoded(refusal.data_set, EXPLICIT).FailedSOPInstanceUIDList
    assert list(listed) == ["1.2.0", "1.2.1", "1.2.2"]


async def test_d45_a_destination_that_dies_half_way() -> None:
    def answer(request: CStoreRQ) -> tuple[int, str] | None:
        return (0, "") if request.affected_sop_instance_uid == "1.2.0" else None

    peer = StoringPeer(answer=answer, max_associations=2)
    *_, last = await moved(several(4), peer, connections=1)
    assert (last.status, counts(last)) == (Status.SUB_OPERATIONS_FAILED, (None, 1, 3, 0))
    assert sorted(failed(last)) == ["1.2.1", "1.2.2", "1.2.3"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TooManyMatches("more than 1"), Status.UNABLE_TO_CALCULATE_MATCHES),
        (IndexUnavailable("index is locked"), Status.UNABLE_TO_PROCESS),
    ],
)
async def test_what_cannot_be_selected_is_refused(error: FindError, status: Status) -> None:
    refusal = (await moved(FailingRetriever(error, "select"), StoringPeer())).refusal()
    assert refusal.status == status


async def test_an_index_that_fails_half_way_fails_the_rest() -> None:
    retriever = FailingRetriever(IndexUnavailable("locked"), "page")
    *_, last = await moved(retriever, StoringPeer())
    assert counts(last) == (None, 1, 2, 0)


async def test_an_object_that_cannot_be_read_fails_alone() -> None:
    retriever = FailingRetriever(Unreadable("gone"), "1.2.1")
    *_, last = await moved(retriever, StoringPeer())
    assert counts(last) == (None, 2, 1, 0)
    assert failed(last) == ["1.2.1"]


async def test_an_identifier_that_names_nothing() -> None:
    async with serving(Setup(retriever=several(1))) as served, asking(served) as association:
        nothing = encoded(keys(QueryRetrieveLevel="STUDY"), EXPLICIT)
        refusal = (await told(get(association, MODEL, nothing))).refusal()
        assert refusal.status == Status.DATA_SET_MISMATCH


async def test_d43_a_cancelled_move_ends_what_is_under_way() -> None:
    begun = anyio.Event()
    peer = StoringPeer(holds=2)  # the first object is never answered

    def answer(_: CStoreRQ) -> tuple[int, str]:
        begun.set()
        return 0, ""

    peer.answer = answer
    async with storing(peer) as destination:
        setup = Setup(retriever=several(5), peers=(peer_of(destination, connections=1),))
        async with serving(setup) as served, asking(served) as association:
            async with anyio.create_task_group() as tasks:

                async def ask() -> None:
                    async with aclosing(move(association, MODEL, STUDY, "PEER")) as responses:
                        async for _ in responses:
                            pytest.fail("nothing has ended yet")

                tasks.start_soon(ask)
                await begun.wait()
                tasks.cancel_scope.cancel()
            peer.connections[0].abort_association()
            # What comes next waits for the final response to what was cancelled.
            peer.holds = 1
            *_, last = [each async for each in move(association, MODEL, STUDY, "PEER")]
            assert counts(last) == (None, 5, 0, 0)


async def test_pending_responses_tell_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrievals, "TELL_AT_MOST_EVERY_S", 0)
    responses = await moved(several(4), StoringPeer(), connections=1)
    assert [counts(each) for each in responses] == [
        (3, 1, 0, 0),
        (2, 2, 0, 0),
        (1, 3, 0, 0),
        (0, 4, 0, 0),
        (None, 4, 0, 0),
    ]


async def test_pending_responses_come_while_objects_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrievals, "TELL_AT_MOST_EVERY_S", 0)
    peer = StoringPeer()

    def answer(request: CStoreRQ) -> tuple[int, str]:
        if request.affected_sop_instance_uid == "1.2.1":
            peer.holds = 2  # it never answers this one
        return 0, ""

    peer.answer = answer
    async with (
        storing(peer) as destination,
        serving(setup_of(destination, several(2), connections=1)) as served,
        asking(served) as association,
    ):
        async with aclosing(move(association, MODEL, STUDY, "PEER")) as responses:
            with anyio.fail_after(30):
                assert counts(await anext(responses)) == (1, 1, 0, 0)
        peer.connections[0].abort_association()


@asynccontextmanager
async def one_turn_taken() -> AsyncIterator[tuple[Served, RequestedAssociation]]:
    """The only turn is a C-MOVE's that goes on till the end; and an association of another."""
    held = Held()
    async with (
        storing(held.peer) as destination,
        serving(setup_of(destination, several(1), max_retrievals=1)) as served,
        asking(served) as first,
        asking(served) as second,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(told, move(first, MODEL, STUDY, "PEER"))
        await held.begun.wait()
        yield served, second
        held.let_go()


async def test_d43_a_retrieval_that_waits_for_its_turn_can_be_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retrievals, "TELL_AT_LEAST_EVERY_S", 0.01)
    async with one_turn_taken() as (_, second):
        responses: list[Progress] = []
        async for each in move(second, MODEL, STUDY, "PEER"):
            if not responses:  # it is there, and waits
                second.session.cancel(1, second.now())
                second.flush()
            responses.append(each)
        assert responses[-1].status == Status.CANCEL
        assert counts(responses[-1]) == (1, 0, 0, 0)


async def test_all_moves_to_a_destination_share_its_associations() -> None:
    held = Held()
    async with (
        storing(held.peer) as destination,
        serving(setup_of(destination, several(2), connections=1)) as served,
        asking(served) as first,
        asking(served) as second,
    ):
        ended: list[Told] = []

        async def ask(association: RequestedAssociation) -> None:
            ended.append(await told(move(association, MODEL, STUDY, "PEER")))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, first)
            await held.begun.wait()
            tasks.start_soon(ask, second)
            retriever = served.setup.retriever
            assert isinstance(retriever, FakeRetriever)
            await retriever.until_asked(2)
            assert len(held.peer.requests) == 1
            held.let_go()
    assert [counts(each[-1]) for each in ended] == [(None, 2, 0, 0)] * 2
    assert len(held.peer.requests) == 3  # one was aborted to let go
    assert held.peer.released == 2


async def test_d43_a_cancel_right_behind_the_identifier_is_heeded() -> None:
    async with one_turn_taken() as (served, second):
        context = second.context_for(MODEL.move)
        request = CMoveRQ(message_id=1, affected_sop_class_uid=MODEL.move, move_destination="PEER")
        session, now = second.session, second.now()
        session.request(context, request, now)
        session.send_data_set(1, STUDY, is_last=True, now=now)
        session.cancel(1, now)
        retriever = served.setup.retriever
        assert isinstance(retriever, FakeRetriever)
        second.flush()
        with anyio.fail_after(30):
            await retriever.until_asked(2)
            await until(lambda: not len(session._invoked))


async def test_moves_that_wait_for_a_destination_have_no_turn() -> None:
    held, idle = Held(), StoringPeer()
    async with storing(held.peer) as busy, storing(idle) as free:
        peers = (peer_of(busy, connections=1), peer_of(free, ae_title="OTHER"))
        setup = Setup(retriever=several(1), peers=peers, max_retrievals=2)
        async with (
            serving(setup) as served,
            asking(served) as first,
            asking(served) as second,
            asking(served) as third,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(told, move(first, MODEL, STUDY, "PEER"))
            await held.begun.wait()
            tasks.start_soon(told, move(second, MODEL, STUDY, "PEER"))
            retriever = served.setup.retriever
            assert isinstance(retriever, FakeRetriever)
            await retriever.until_asked(2)
            with anyio.fail_after(30):
                *_, last = await told(move(third, MODEL, STUDY, "OTHER"))
            assert counts(last) == (None, 1, 0, 0)
            held.let_go()


async def test_what_has_left_stands_in_the_trail_though_the_rest_cannot_be_told() -> None:
    peer = StoringPeer()
    retriever = FailingRetriever(RuntimeError("a defect"), "1.2.1")
    async with (
        storing(peer) as destination,
        serving(setup_of(destination, retriever, connections=1)) as served,
    ):
        with pytest.raises(AssociationError):  # aborted, for a defect of ours
            async with asking(served) as association:
                await told(move(association, MODEL, STUDY, "PEER"))
        await until(lambda: bool(served.trail.noted))
        assert served.count("pacsd_association_defects_total") == 1
        served.registry._names_to_collectors["pacsd_association_defects"].reset()  # type: ignore[attr-defined]
    [noted] = served.trail.noted
    assert noted.studies == ("1.2",)


async def test_a_slow_destination_does_not_look_like_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retrievals, "TELL_AT_LEAST_EVERY_S", 0.01)
    peer = StoringPeer(holds=2)
    async with storing(peer) as destination:
        setup = Setup(retriever=several(1), peers=(peer_of(destination),))
        async with serving(setup) as served, asking(served) as association:
            seen = 0
            async with aclosing(move(association, MODEL, STUDY, "PEER")) as responses:
                async for progress in responses:
                    seen += 1
                    if seen == 3:
                        assert counts(progress) == (1, 0, 0, 0)
                        peer.holds = 1
                        peer.connections[0].abort_association()
    assert seen > 3


# C-GET


async def got(
    retriever: FakeRetriever,
    wanted: Sequence[StoredAs],
    received: Received,
    transcoding: Transcoding = NO_TRANSCODING,
) -> Told:
    async with (
        anyio.create_task_group() as tasks,
        serving(Setup(retriever=retriever, transcoding=transcoding)) as served,
    ):
        association = await open_association(
            Destination(served.endpoint, "PACSD", "ASKING"),
            propose_get(MODEL, wanted),
            store=received.port(tasks),
        )
        found = await told(get(association, MODEL, STUDY))
        await association.release()
    return found


async def test_objects_come_over_the_association_that_asked() -> None:
    received = Received()
    *_, last = await got(several(3), [StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN)], received)
    assert (last.status, counts(last)) == (Status.SUCCESS, (None, 3, 0, 0))
    assert received.objects == {f"1.2.{n}": data(f"1.2.{n}") for n in range(3)}


async def test_objects_are_encoded_anew_where_the_peer_takes_no_other_syntax() -> None:
    received = Received()
    *_, last = await got(several(1), [StoredAs(CT, IMPLICIT_VR_LITTLE_ENDIAN)], received)
    assert counts(last) == (None, 1, 0, 0)
    assert received.syntaxes["1.2.0"] in {IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN}


async def test_d46_without_the_role_each_sub_operation_fails_and_nothing_aborts() -> None:
    async with (
        serving(Setup(retriever=several(2))) as served,
        asking(served) as association,
    ):
        for _ in range(2):
            refusal = (await told(get(association, MODEL, STUDY))).refusal()
            assert refusal.status == Status.UNABLE_TO_PERFORM_SUB_OPERATIONS
            listed = decoded(refusal.data_set, EXPLICIT).FailedSOPInstanceUIDList
            assert list(listed) == ["1.2.0", "1.2.1"]


async def test_d45_who_takes_nothing_is_told_so() -> None:
    received = Received(DimseAnswer(Status.OUT_OF_RESOURCES))
    wanted = [StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN)]
    refusal = (await got(several(2), wanted, received)).refusal()
    assert refusal.status == Status.UNABLE_TO_PERFORM_SUB_OPERATIONS


async def test_d45_who_leaves_half_way_leaves_nothing_behind() -> None:
    received = Received(gate=anyio.Event())
    async with (
        anyio.create_task_group() as tasks,
        serving(Setup(retriever=several(3))) as served,
    ):
        association = await open_association(
            Destination(served.endpoint, "PACSD", "ASKING"),
            propose_get(MODEL, [StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN)]),
            store=received.port(tasks),
        )
        async with aclosing(get(association, MODEL, STUDY)) as responses:
            with anyio.move_on_after(0.05):
                await anext(responses)
        association.abort()
        received.gate.set()  # type: ignore[union-attr]


# With codecs

RLE_TO_EXPLICIT = Ways({RLE: (EXPLICIT_VR_LITTLE_ENDIAN,)})


def compressed(count: int) -> FakeRetriever:
    return FakeRetriever(*(stored(f"1.2.{number}", syntax=RLE) for number in range(count)))


def decodes(*but_not: str) -> FakeTranscoding:
    return FakeTranscoding(RLE_TO_EXPLICIT, {uid: NotTranscoded("12 bits") for uid in but_not})


async def test_without_codecs_what_is_not_taken_fails() -> None:
    assert (await moved(compressed(2), StoringPeer())).refusal().status == (
        Status.UNABLE_TO_PERFORM_SUB_OPERATIONS
    )


async def test_a_destination_that_takes_no_compressed_objects_has_them_decoded() -> None:
    peer = StoringPeer()
    *_, last = await moved(compressed(3), peer, transcoding=decodes())
    assert (last.status, counts(last)) == (Status.SUCCESS, (None, 3, 0, 0))
    assert {each.sop_instance_uid: each.data_set for each in peer.stored} == {
        f"1.2.{number}": data(f"1.2.{number}")[::-1] for number in range(3)
    }
    assert {each.transfer_syntax_uid for each in peer.stored} == {EXPLICIT_VR_LITTLE_ENDIAN}


async def test_p07_what_cannot_be_decoded_fails_alone() -> None:
    peer = StoringPeer()
    *_, last = await moved(compressed(3), peer, transcoding=decodes("1.2.1"))
    assert (last.status, counts(last)) == (Status.SUB_OPERATIONS_FAILED, (None, 2, 1, 0))
    assert failed(last) == ["1.2.1"]
    assert sorted(peer.uids()) == ["1.2.0", "1.2.2"]


async def test_who_gets_what_it_offered_gets_it_decoded() -> None:
    received = Received()
    wanted = [StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN)]
    codecs = FakeTranscoding(Ways({RLE: (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)}))
    *_, last = await got(compressed(2), wanted, received, codecs)
    assert (last.status, counts(last)) == (Status.SUCCESS, (None, 2, 0, 0))
    assert received.objects == {f"1.2.{n}": data(f"1.2.{n}")[::-1] for n in range(2)}


async def test_p07_over_the_same_association_what_cannot_be_fails_alone() -> None:
    received, wanted = Received(), [StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN)]
    *_, last = await got(compressed(3), wanted, received, decodes("1.2.0"))
    assert (last.status, counts(last)) == (Status.SUB_OPERATIONS_FAILED, (None, 2, 1, 0))
    assert failed(last) == ["1.2.0"]


async def cancelled(responses: AsyncIterator[Progress], by: Callable[[], None]) -> Progress:
    """The last of the responses; `by` is done once the first has come."""
    found: list[Progress] = []
    async for each in responses:
        if not found:
            by()
        found.append(each)
    return found[-1]


def cancels(association: RequestedAssociation) -> Callable[[], None]:
    def cancel() -> None:
        association.session.cancel(1, association.now())
        association.flush()

    return cancel


async def test_d43_a_cancelled_move_does_not_wait_for_a_codec(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retrievals, "TELL_AT_LEAST_EVERY_S", 0.01)
    peer, codecs = StoringPeer(), WorkingTranscoding(RLE_TO_EXPLICIT)
    async with storing(peer) as destination:
        peers = (peer_of(destination, connections=1),)
        setup = Setup(retriever=compressed(2), peers=peers, transcoding=codecs, max_retrievals=1)
        async with serving(setup) as served, asking(served) as association:
            with anyio.fail_after(30):
                responses = move(association, MODEL, STUDY, "PEER")
                last = await cancelled(responses, cancels(association))
                assert (last.status, counts(last)) == (Status.CANCEL, (2, 0, 0, 0))
                assert codecs.inside == 0


async def test_d43_nor_does_a_cancelled_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrievals, "TELL_AT_LEAST_EVERY_S", 0.01)
    codecs, received = WorkingTranscoding(RLE_TO_EXPLICIT), Received()
    setup = Setup(retriever=compressed(2), transcoding=codecs)
    async with anyio.create_task_group() as tasks, serving(setup) as served:
        association = await open_association(
            Destination(served.endpoint, "PACSD", "ASKING"),
            propose_get(MODEL, [StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN)]),
            store=received.port(tasks),
        )
        with anyio.fail_after(30):
            last = await cancelled(get(association, MODEL, STUDY), cancels(association))
        assert (last.status, counts(last)) == (Status.CANCEL, (2, 0, 0, 0))
        assert codecs.inside == 0
        await association.release()


async def test_who_leaves_leaves_no_codec_at_work() -> None:
    peer, codecs = StoringPeer(), WorkingTranscoding(RLE_TO_EXPLICIT)
    async with storing(peer) as destination:
        setup = Setup(retriever=compressed(2), peers=(peer_of(destination),), transcoding=codecs)
        async with serving(setup) as served, anyio.create_task_group() as tasks:
            association = await open_association(
                Destination(served.endpoint, "PACSD", "ASKING"),
                propose((MODEL.move,), (EXPLICIT_VR_LITTLE_ENDIAN,)),
            )

            async def ask() -> None:
                with suppress(AssociationError):
                    await told(move(association, MODEL, STUDY, "PEER"))

            tasks.start_soon(ask)
            await codecs.begun.wait()
            association.abort()
            await until(lambda: not codecs.inside)
