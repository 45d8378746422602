"""Hostile rows inside an association: what is answered, what is aborted, and that nothing stays."""

import contextlib
import socket

import anyio
import pytest

from pacsd.dimse.command_codec import encode_command
from pacsd.dimse.commands import CCancelRQ, CStoreRQ, NGetRQ, NSetRQ
from pacsd.net import pump
from pacsd.net.recorder import Outcome
from pacsd.net.settings import DimseSettings
from pacsd.ul.items import OperationsWindow
from tests.dimse.command_strategies import element, us_element, with_group_length
from tests.net.harness import (
    CT_IMAGE_STORAGE,
    ECHO_CONTEXT,
    HEAD,
    RELEASE_RP,
    STORE_CONTEXT,
    Caller,
    GatedStore,
    Served,
    Setup,
    abort_pdu,
    associate_rq,
    command,
    data_set,
    echo_rq,
    hostile_row,
    p_data,
    serving,
    store_rq,
    until,
)

STORE = command(store_rq(), STORE_CONTEXT)
COMMAND_SET = encode_command(echo_rq())
HALF_COMMAND = p_data(COMMAND_SET[:20], ECHO_CONTEXT, is_command=True, is_last=False)
OTHER_HALF = p_data(COMMAND_SET[20:], STORE_CONTEXT, is_command=True)
VERIFICATION_ELEMENT = element(0x0002, b"1.2.840.10008.1.1\0")
ECHO_FIELD, NO_DATA_SET = us_element(0x0100, 0x0030), us_element(0x0800, 0x0101)


def p_data_tf(*items: bytes) -> bytes:
    field = b"".join(items)
    return b"\4\0" + len(field).to_bytes(4, "big") + field


def raw_command(*elements: bytes) -> bytes:
    return p_data(with_group_length(*elements), ECHO_CONTEXT, is_command=True)


async def is_aborted(served: Served, caller: Caller, source: int, reason: int) -> str:
    """It was, and the flight recorder says why."""
    told = await caller.pdu()
    if told[0] == 4:  # the answer to what came before
        told = await caller.pdu()
    await caller.rest()
    await until(lambda: any(served.recorder.ended_associations()))
    record = served.last_record()
    assert told == abort_pdu(source, reason), record.reason
    assert record.outcome is Outcome.ABORTED_BY_US
    assert f"A-ABORT({source},{reason})" in record.reason
    return record.reason


SHORT = DimseSettings(artim_timeout_s=0.1)
ABORTED = [
    pytest.param((associate_rq(),), 2, 2, id="D16 second A-ASSOCIATE-RQ"),
    pytest.param((STORE, associate_rq()), 2, 2, id="D16 between command and data set"),
    pytest.param((RELEASE_RP,), 2, 2, id="D16 A-RELEASE-RP"),
    pytest.param((bytes.fromhex("08 00 00000004 00000000"),), 2, 1, id="D17"),
    pytest.param((b"\4\0" + (2 * 131_072 + 1).to_bytes(4, "big"),), 2, 6, id="D19"),
    pytest.param((p_data_tf(bytes.fromhex("00000000")),), 2, 6, id="D20 length 0"),
    pytest.param((p_data_tf(bytes.fromhex("00000001 01")),), 2, 6, id="D20 length 1"),
    pytest.param((p_data_tf(bytes.fromhex("7fffffff 01 03 00")),), 2, 6, id="D20 too long"),
    pytest.param((p_data_tf(bytes.fromhex("ffffffff 01 03 00")),), 2, 6, id="D20 longest"),
    pytest.param((p_data(COMMAND_SET, 5, is_command=True),), 2, 6, id="D21"),
    pytest.param((data_set(),), 0, 0, id="D22 data set without command"),
    pytest.param((STORE, command(echo_rq(2))), 0, 0, id="D22 command inside a data set"),
    pytest.param((STORE, data_set(is_last=False), STORE), 0, 0, id="D22 data set unfinished"),
    pytest.param((STORE, data_set(context_id=ECHO_CONTEXT)), 0, 0, id="D22 other context"),
    pytest.param((HALF_COMMAND, OTHER_HALF), 0, 0, id="D22 commands interleave"),
    pytest.param((STORE, *[data_set(b"", is_last=False)] * 65), 0, 0, id="D23 empty fragments"),
    pytest.param(
        (p_data(b"", ECHO_CONTEXT, is_command=True, is_last=False),) * 65, 0, 0, id="D23 commands"
    ),
    pytest.param(
        (raw_command(VERIFICATION_ELEMENT, ECHO_FIELD, NO_DATA_SET),), 0, 0, id="D25 no Message ID"
    ),
    pytest.param((p_data(b"\0\0\0\0", 1, is_command=True),), 0, 0, id="D25 no command set"),
]


@pytest.mark.parametrize(("sent", "source", "reason"), ABORTED)
async def test_what_breaks_the_protocol_is_aborted(
    sent: tuple[bytes, ...], source: int, reason: int
) -> None:
    async with serving(Setup(SHORT)) as served, hostile_row(served):
        async with served.associated() as caller:
            await caller.send(*sent)
            await is_aborted(served, caller, source, reason)
        assert served.count("pacsd_protocol_violations_total") == 1
        assert not served.ingest.health().stored_objects


async def test_d19_too_long_by_less_than_twice_is_tolerated_and_counted() -> None:
    async with serving() as served, hostile_row(served):
        async with served.associated() as caller:
            await caller.send(STORE, data_set(HEAD + bytes(200_000)))
            assert (await caller.response()).status == 0
            await caller.release()
        await until(lambda: served.count("pacsd_oversized_pdus_total") == 1)


async def test_d19_strict_tolerates_nothing() -> None:
    dimse = DimseSettings(strict=True, artim_timeout_s=0.1)
    async with serving(Setup(dimse)) as served, hostile_row(served), served.associated() as caller:
        await caller.send(STORE, data_set(bytes(200_000))[:131_072])
        await is_aborted(served, caller, 2, 6)


async def test_d23_a_data_set_without_end_meets_the_cap() -> None:
    dimse = DimseSettings(max_data_set_bytes=10_000, artim_timeout_s=0.1)
    async with serving(Setup(dimse)) as served, hostile_row(served):
        async with served.associated() as caller:
            await caller.send(STORE, *[data_set(bytes(1_000), is_last=False)] * 11)
            assert "max_data_set_bytes" in await is_aborted(served, caller, 0, 0)
        async with served.associated() as caller:
            await caller.send(STORE, data_set((HEAD + bytes(10_000))[:10_000]))
            assert (await caller.response()).status == 0
            await caller.release()


@pytest.mark.parametrize("max_length", [1, 7])
async def test_d24_a_maximum_length_without_room_is_refused(max_length: int) -> None:
    async with serving(Setup(SHORT)) as served, hostile_row(served):
        async with served.caller() as caller:
            await caller.send(associate_rq(max_length=max_length))
            assert (await caller.pdu())[0] in (3, 7)
        assert served.recorder.last_refusal() is not None


@pytest.mark.parametrize("max_length", [0, 8, 0xFFFFFFFF])
async def test_d24_any_other_maximum_length_is_kept_to(max_length: int) -> None:
    async with (
        serving() as served,
        hostile_row(served),
        served.associated(associate_rq(max_length=max_length)) as caller,
    ):
        await caller.send(command(echo_rq()))
        answer = bytearray()
        while not answer.endswith(b"\0\0\0\x09\2\0\0\0\0\0") and len(answer) < 78:
            pdu = await caller.pdu()
            assert max_length in (0, 0xFFFFFFFF) or len(pdu) <= 6 + max_length
            answer += pdu[12:]
            if pdu[11] & 2:
                break
        assert answer.endswith(b"\0\0\0\x09\2\0\0\0\0\0")
        await caller.release()


@pytest.mark.parametrize(
    ("elements", "status"),
    [
        pytest.param(
            (VERIFICATION_ELEMENT, us_element(0x0100, 0x7777), us_element(0x0110, 9), NO_DATA_SET),
            0x0211,
            id="Command Field 7777",
        ),
        pytest.param(
            (us_element(0x0100, 0x0030), us_element(0x0110, 9), NO_DATA_SET),
            0x0212,
            id="no Affected SOP Class UID",
        ),
    ],
)
async def test_d25_an_odd_command_set_is_answered(elements: tuple[bytes, ...], status: int) -> None:
    async with serving() as served, hostile_row(served):
        async with served.associated() as caller:
            await caller.send(raw_command(*elements))
            response = await caller.pdu()  # one with Command Field F777H is no message of ours
            assert us_element(0x0120, 9) in response
            assert us_element(0x0900, status) in response
            assert await caller.echo() == 0
            await caller.release()
        await until(lambda: any(served.recorder.ended_associations()))
        assert served.last_record().failures == 1


async def test_d25_a_data_set_that_was_not_to_come_aborts() -> None:
    async with serving(Setup(SHORT)) as served, hostile_row(served), served.associated() as caller:
        await caller.send(command(echo_rq()), data_set(context_id=ECHO_CONTEXT))
        assert "without a command set" in await is_aborted(served, caller, 0, 0)


async def test_d26_a_message_id_in_use_is_a_duplicate_invocation() -> None:
    store = GatedStore()
    async with serving(Setup(store=store)) as served, hostile_row(served):
        store.gate = anyio.Event()
        async with served.associated(associate_rq(window=OperationsWindow(4, 1))) as caller:
            await caller.send(STORE, data_set())
            await store.entered.wait()
            assert await caller.echo(message_id=1) == 0x0210
            assert await caller.echo(message_id=2) == 0
            store.gate.set()
            assert (await caller.response()).status == 0
            await caller.release()
        assert len(store.objects) == 1


async def test_d26_more_than_the_window_aborts() -> None:
    store = GatedStore()
    async with serving(Setup(SHORT, store=store)) as served, hostile_row(served):
        store.gate = anyio.Event()
        async with served.associated() as caller:
            await caller.send(STORE, data_set())
            await store.entered.wait()
            await caller.send(command(echo_rq(2)))
            assert "more than the negotiated 1" in await is_aborted(served, caller, 0, 0)
        store.gate.set()


def _store_rq(sop_class_uid: str, uid: str) -> bytes:
    request = CStoreRQ(
        message_id=1,
        affected_sop_class_uid=sop_class_uid,
        affected_sop_instance_uid="1.2.3.4",
        has_data_set=True,
    )
    written, replaced = b"\x08\0\0\x001.2.3.4\0", uid.encode() + b"\0" * (len(uid) % 2)
    encoded = encode_command(request)
    encoded = encoded.replace(written, len(replaced).to_bytes(4, "little") + replaced)
    return p_data(
        encoded[:8] + (len(encoded) - 12).to_bytes(4, "little") + encoded[12:],
        STORE_CONTEXT,
        is_command=True,
    )


@pytest.mark.parametrize(
    ("sop_class_uid", "uid", "status"),
    [
        pytest.param("1.2.840.10008.5.1.4.1.1.4", "1.2.3", 0x0122, id="D27"),
        *(
            pytest.param(CT_IMAGE_STORAGE, uid, 0x0117, id=f"D29 {uid[:8]!a}")
            for uid in ("../../x", "/abs", "..", "1" * 65, "1.2\0.3", "1.2.x", "1.2 .3", " ")
        ),
    ],
)
async def test_a_store_refused_by_its_command_is_taken_in_and_answered(
    sop_class_uid: str, uid: str, status: int
) -> None:
    async with serving() as served, hostile_row(served):
        async with served.associated() as caller:
            await caller.send(_store_rq(sop_class_uid, uid), data_set(is_last=False), data_set())
            assert (await caller.response()).status == status
            assert await caller.store() == 0
            await caller.release()
        await until(lambda: any(served.recorder.ended_associations()))
        assert served.last_record().failures == 1
        assert served.ingest.health().stored_objects == 1


async def test_d29_an_empty_uid_is_refused() -> None:
    async with serving() as served, hostile_row(served), served.associated() as caller:
        await caller.send(_store_rq(CT_IMAGE_STORAGE, ""), data_set())
        assert (await caller.response()).status in (0x0117, 0x0212)
        assert await caller.store() == 0
        await caller.release()


async def test_d29_leading_zeros_are_stored() -> None:
    async with serving() as served, hostile_row(served), served.associated() as caller:
        assert await caller.store(uid="1.02.003") == 0
        await caller.release()


async def test_an_operation_we_do_not_offer_is_unrecognized() -> None:
    set_ = NSetRQ(
        message_id=1, requested_sop_class_uid=CT_IMAGE_STORAGE, requested_sop_instance_uid="1.2"
    )
    get = NGetRQ(
        message_id=2, requested_sop_class_uid=CT_IMAGE_STORAGE, requested_sop_instance_uid="1.2"
    )
    async with serving() as served, hostile_row(served), served.associated() as caller:
        await caller.send(command(set_, STORE_CONTEXT), data_set(is_last=False), data_set())
        assert (await caller.response()).status == 0x0211
        await caller.send(command(get, STORE_CONTEXT))
        assert (await caller.response()).status == 0x0211
        assert await caller.echo() == 0
        await caller.release()


async def test_d43_a_cancel_of_nothing_is_ignored() -> None:
    async with serving() as served, hostile_row(served), served.associated() as caller:
        await caller.send(command(CCancelRQ(message_id_being_responded_to=9)))
        assert await caller.echo() == 0
        await caller.release()


async def test_a_message_that_stops_half_way_is_aborted_after_the_dimse_timeout() -> None:
    dimse = DimseSettings(dimse_timeout_s=0.1, artim_timeout_s=0.1)
    async with serving(Setup(dimse)) as served, hostile_row(served), served.associated() as caller:
        await caller.send(STORE, data_set(is_last=False))
        assert "within 0.1 s (dimse_timeout_s)" in await is_aborted(served, caller, 0, 0)


async def test_a_pdu_that_stops_half_way_is_aborted_after_the_network_timeout() -> None:
    dimse = DimseSettings(network_timeout_s=0.1, artim_timeout_s=0.1)
    async with serving(Setup(dimse)) as served, hostile_row(served), served.associated() as caller:
        await caller.send(STORE, data_set()[:-1])
        assert "did not arrive whole" in await is_aborted(served, caller, 2, 0)


async def test_a_peer_that_reads_no_responses_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "WRITE_HIGH_WATER_BYTES", 65_536)
    many = command(echo_rq()) * 500
    async with serving(Setup(DimseSettings(network_timeout_s=0.5))) as served, hostile_row(served):
        async with served.associated() as caller, anyio.create_task_group() as tasks:
            connection = next(reversed(served.listener._associated))
            transport = connection._transport
            assert transport is not None
            # What the system would take for us is megabytes, and thousands of responses.
            for own, option in ((transport, socket.SO_SNDBUF), (caller.writer, socket.SO_RCVBUF)):
                own.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, 16_384)

            async def flood() -> None:
                with contextlib.suppress(ConnectionError):
                    while True:
                        await caller.send(many)

            tasks.start_soon(flood)
            await until(lambda: connection.is_write_paused)
            assert transport.get_write_buffer_size() < 65_536 + 64 * 200
        await until(lambda: any(served.recorder.ended_associations()))
        assert served.last_record().outcome is Outcome.ABORTED_BY_US


async def test_a_store_slower_than_its_sender_pauses_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = GatedStore()
    setup = Setup(store=store, max_pending_bytes_per_object=2 * 262_144)
    async with serving(setup) as served, hostile_row(served), served.associated() as caller:
        connection = next(reversed(served.listener._associated))
        pauses: list[pump.Pause] = []
        original = connection.pause_reading

        def pause_reading(reason: pump.Pause) -> None:
            pauses.append(reason)
            original(reason)

        monkeypatch.setattr(connection, "pause_reading", pause_reading)
        head, pixels = data_set(HEAD, is_last=False), data_set(bytes(16_000), is_last=False)
        await caller.send(STORE, head, *[pixels] * 400, data_set(b""))
        assert (await caller.response()).status == 0
        assert pump.Pause.BACKLOG in pauses
        await caller.release()
    assert len(store.objects["00000001"]) > 400 * 16_000 + len(HEAD)
