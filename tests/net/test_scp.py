"""An association we accept, when everybody behaves; who does not is in hostile/."""

import anyio
from structlog.typing import EventDict

from pacsd.api.acceptance import AssociationClosed, AssociationRequest, Refusal
from pacsd.dicom.registry import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    Service,
    sop_classes,
)
from pacsd.net.peers import Peer
from pacsd.net.recorder import Outcome
from pacsd.net.settings import AESettings
from pacsd.ul import decode
from pacsd.ul.items import OperationsWindow
from pacsd.ul.pdu import AssociateAC, ProposedContext
from tests.net.harness import (
    CONTEXTS,
    DATA_SET,
    STORE_CONTEXT,
    Caller,
    GatedStore,
    Setup,
    associate_rq,
    command,
    data_set,
    echo_rq,
    reject_pdu,
    serving,
    store_rq,
    until,
)


async def accepted(caller: Caller, request: bytes) -> AssociateAC:
    await caller.send(request)
    pdu = await caller.pdu()
    assert pdu[0] == 2
    return decode.decode_associate_ac(memoryview(pdu)[6:])


async def test_echo_store_release_and_the_record_of_it() -> None:
    async with serving() as served:
        async with served.associated() as caller:
            assert await caller.echo() == 0
            assert await caller.store() == 0
            await caller.release()
        await until(lambda: not list(served.recorder.open_associations()))
        record = served.last_record()
        assert record.outcome is Outcome.RELEASED
        assert [each.name for each in record.commands] == ["C-ECHO-RQ", "C-STORE-RQ"]
        assert record.commands[1].data_set_bytes == len(DATA_SET)
        (stored,) = served.store.objects.values()
        assert stored.endswith(DATA_SET)


async def test_each_ae_title_has_its_own_settings() -> None:
    aes = (
        AESettings(),
        AESettings(title="ECHO", services=("verification",), max_pdu_length_bytes=8192),
    )
    async with serving(Setup(ae=aes)) as served:
        async with served.caller() as caller:
            answer = await accepted(caller, associate_rq(called_ae="ECHO"))
            assert [item.result for item in answer.contexts] == [0, 3]
            assert answer.user_information.max_length == 8192
            await caller.release()
        async with served.caller() as caller:
            answer = await accepted(caller, associate_rq())
            assert [item.result for item in answer.contexts] == [0, 0]
            assert answer.user_information.max_length == 131_072
            await caller.release()


async def test_a_peer_can_have_its_own_length() -> None:
    peer = Peer(ae_title="MODALITY", max_pdu_length_bytes=4096)
    async with serving(Setup(peers=(peer,))) as served, served.caller() as caller:
        answer = await accepted(caller, associate_rq())
        assert answer.user_information.max_length == 4096
        await caller.release()


async def test_128_contexts_of_many_syntaxes() -> None:
    classes = sop_classes(Service.STORAGE)[:128]
    syntaxes = (
        IMPLICIT_VR_LITTLE_ENDIAN,
        *(f"1.2.3.{n}" for n in range(50)),
        EXPLICIT_VR_LITTLE_ENDIAN,
    )
    contexts = tuple(
        ProposedContext(2 * number + 1, known.uid, syntaxes) for number, known in enumerate(classes)
    )
    async with serving() as served, served.caller() as caller:
        answer = await accepted(caller, associate_rq(contexts=contexts))
        assert {item.transfer_syntax for item in answer.contexts} == {EXPLICIT_VR_LITTLE_ENDIAN}
        assert [item.result for item in answer.contexts] == [0] * 128
        await caller.release()


async def test_several_stores_at_once_within_the_window() -> None:
    store = GatedStore()
    store.gate = anyio.Event()
    window = OperationsWindow(4, 1)
    request = associate_rq(window=window)
    async with serving(Setup(store=store)) as served, served.associated(request) as caller:
        for message_id in (1, 2, 3):
            await caller.send(
                command(store_rq(message_id, f"1.2.{message_id}"), STORE_CONTEXT), data_set()
            )
        await caller.send(command(echo_rq(4)))
        assert (await caller.response()).message_id_being_responded_to == 4
        store.gate.set()
        answered = {(await caller.response()).message_id_being_responded_to for _ in range(3)}
        assert answered == {1, 2, 3}
        await caller.release()


async def test_a_release_waits_for_what_is_not_answered_yet() -> None:
    store = GatedStore()
    store.gate = anyio.Event()
    async with serving(Setup(store=store)) as served, served.associated() as caller:
        await caller.send(
            command(store_rq(), STORE_CONTEXT), data_set(), bytes.fromhex("05000000000400000000")
        )
        await store.entered.wait()
        store.gate.set()
        assert (await caller.response()).status == 0
        assert (await caller.pdu())[0] == 6


async def test_a_release_in_the_middle_of_a_data_set_keeps_nothing() -> None:
    async with serving() as served, served.associated() as caller:
        await caller.send(command(store_rq(), STORE_CONTEXT), data_set(is_last=False))
        await caller.release()
        await until(lambda: not served.ingest.health().open_objects)
        assert not served.store.objects


async def test_the_acceptance_hook_is_asked_who_calls() -> None:
    asked: list[AssociationRequest] = []

    async def lets_in(request: AssociationRequest) -> Refusal | None:
        asked.append(request)
        return None

    async with serving(Setup(hook=lets_in)) as served, served.associated() as caller:
        assert await caller.echo() == 0
        await caller.release()
        assert (asked[0].calling_ae, asked[0].called_ae) == ("MODALITY", "PACSD")
        assert asked[0].abstract_syntaxes == tuple(item.abstract_syntax for item in CONTEXTS)


async def test_the_acceptance_hook_can_refuse() -> None:
    async def refuses_once(request: AssociationRequest) -> Refusal | None:
        is_guest = request.calling_ae == "GUEST"
        return Refusal(2, 1, 1, "guests come later") if is_guest else None

    async with serving(Setup(hook=refuses_once)) as served, served.caller() as caller:
        await caller.send(associate_rq(calling_ae="GUEST"))
        assert await caller.pdu() == reject_pdu(2, 1, 1)
        refusal = served.recorder.last_refusal("GUEST")
        assert refusal is not None
        assert (refusal.why, refusal.key) == ("guests come later", "plugins")


async def test_the_closed_hook_learns_how_it_ended() -> None:
    told: list[AssociationClosed] = []
    is_told = anyio.Event()

    async def learns(closed: AssociationClosed) -> None:
        told.append(closed)
        is_told.set()

    async with serving(Setup(closed_hook=learns)) as served:
        async with served.caller() as caller:
            await caller.send(associate_rq(called_ae="NOBODY"))
            assert (await caller.pdu())[0] == 3
        async with served.associated() as caller:
            await caller.release()
        with anyio.fail_after(15):
            await is_told.wait()
    [closed] = told
    assert (closed.calling_ae, closed.called_ae, closed.outcome) == (
        "MODALITY",
        "PACSD",
        "released",
    )
    assert closed.peer_host == "127.0.0.1"
    assert closed.seconds >= 0


async def test_a_trace_shows_both_directions(logged: list[EventDict]) -> None:
    async with serving(Setup(trace=frozenset({"transcript", "payload"}))) as served:
        async with served.associated() as caller:
            await caller.echo()
            await caller.release()
        await until(lambda: not served.listener.open_associations())
    events = [line["event"] for line in logged]
    assert ">> C-ECHO-RQ" in events
    assert "<< C-ECHO-RSP" in events
    assert ">> bytes" in events
