"""Hostile rows that never get an association: what they are told, and what it costs nobody."""

import pytest

from pacsd.net import listener
from pacsd.net.peers import Peer
from pacsd.net.settings import AESettings, DimseSettings
from tests.net.harness import (
    Served,
    Setup,
    abort_pdu,
    associate_rq,
    data_set,
    hostile_row,
    reject_pdu,
    serving,
    until,
)

SHORT = DimseSettings(artim_timeout_s=0.1)
TLS_CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(194)
CALLED_AE_OFFSET, CALLING_AE_OFFSET = 10, 26


def last_refusal(served: Served) -> str:
    refusal = served.recorder.last_refusal()
    assert refusal is not None
    return f"{refusal.rejection}: {refusal.why} [{refusal.key}]"


async def test_d01_a_caller_that_says_nothing_is_closed_at_artim() -> None:
    async with serving(Setup(SHORT)) as served, hostile_row(served):
        async with served.caller() as silent:
            assert await silent.rest() == b""
        await until(lambda: served.recorder.last_refusal() is not None)
        assert "no A-ASSOCIATE-RQ within 0.1 s" in last_refusal(served)
        assert "dimse.artim_timeout_s" in last_refusal(served)


async def test_d01_a_caller_that_just_closes_is_no_refusal() -> None:
    async with serving() as served:
        async with served.caller() as probe:
            probe.writer.close()
        async with served.caller() as other:
            assert await (await other.associate()).echo() == 0
        assert served.recorder.last_refusal() is None


async def test_d02_idle_and_trickling_callers_delay_nobody() -> None:
    async with serving() as served, hostile_row(served), served.callers(50) as idle:
        for position in range(3):
            for trickling in idle[:25]:
                await trickling.send(associate_rq()[position : position + 1])
            async with served.caller() as legal:
                await legal.associate()
                assert await legal.echo() == 0
                await legal.release()
        assert len(served.places) == 1  # the bystander's


async def test_d02_a_trickle_is_cut_off_by_the_deadline_of_the_whole_pdu() -> None:
    async with serving(Setup(SHORT)) as served, hostile_row(served), served.caller() as trickling:
        await trickling.send(associate_rq()[:1])
        assert await trickling.rest() == b""


async def test_d02_the_oldest_caller_without_association_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "MAX_UNASSOCIATED", 3)
    async with serving() as served, hostile_row(served), served.callers(4) as idle:
        assert await idle[0].rest() == b""
        assert "it was the oldest" in last_refusal(served)
        await idle[3].associate()


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n", abort_pdu(0, 0), id="D03 HTTP"),
        pytest.param(TLS_CLIENT_HELLO, abort_pdu(0, 0), id="D03 TLS"),
        pytest.param(bytes.fromhex("0100ffffffff"), abort_pdu(0, 0), id="D04"),
        pytest.param(associate_rq()[:-8] + bytes(8), abort_pdu(0, 0), id="D05"),
        pytest.param(
            associate_rq()[:7] + b"\2" + associate_rq()[8:], reject_pdu(1, 2, 2), id="D08"
        ),
        pytest.param(
            associate_rq().replace(b"1.2.840.10008.3.1.1.1", b"1.2.840.10008.3.1.1.2"),
            reject_pdu(1, 1, 2),
            id="D09",
        ),
        pytest.param(data_set(), abort_pdu(0, 0), id="D18"),
    ],
)
async def test_what_is_no_association_request_is_refused(sent: bytes, answer: bytes) -> None:
    async with serving(Setup(SHORT)) as served, hostile_row(served):
        async with served.caller() as caller:
            await caller.send(sent)
            assert await caller.rest() == answer
        assert last_refusal(served)
        assert len(served.places) == 1


@pytest.mark.parametrize("tells", [True, False])
async def test_d10_unknown_ae_titles(*, tells: bool) -> None:
    dimse = DimseSettings(unknown_peers="refuse", ae_reject_detail=tells)
    setup = Setup(dimse, peers=(Peer(ae_title="BYSTANDER"),))
    async with serving(setup) as served, hostile_row(served):
        for request, reason, key in (
            (associate_rq(called_ae="NOBODY"), 7, "ae.title"),
            (associate_rq(calling_ae="STRANGER"), 3, "peer.ae_title"),
        ):
            async with served.caller() as caller:
                await caller.send(request)
                assert await caller.pdu() == reject_pdu(1, 1, reason if tells else 1)
            assert key in last_refusal(served)
        async with served.caller() as known:
            await known.associate(associate_rq(calling_ae="BYSTANDER"))
            assert await known.echo() == 0
            await known.release()
        # `is_unharmed` calls as MODALITY, which is now unknown.
        served.gatekeeper.peers = type(served.gatekeeper.peers)((Peer(ae_title="MODALITY"),))


BAD_TITLES = [
    b" " * 16,
    b"../secret/VICTIM",
    b"NUL\0 inside     ",
    b"BACK\\SLASH      ",
    b"ESC\x1b[31mRED     ",
    "ÄRZTE".encode("latin-1").ljust(16),
]


@pytest.mark.parametrize("title", BAD_TITLES)
async def test_d11_strange_called_ae_titles(title: bytes) -> None:
    request = associate_rq()
    sent = request[:CALLED_AE_OFFSET] + title + request[CALLED_AE_OFFSET + 16 :]
    async with serving() as served, hostile_row(served):
        async with served.caller() as caller:
            await caller.send(sent)
            assert await caller.pdu() == reject_pdu(1, 1, 7)
        assert last_refusal(served).isprintable()
        assert last_refusal(served).isascii()


@pytest.mark.parametrize("title", [title for title in BAD_TITLES if b"/" not in title])
async def test_d11_strange_calling_ae_titles(title: bytes) -> None:
    request = associate_rq()
    sent = request[:CALLING_AE_OFFSET] + title + request[CALLING_AE_OFFSET + 16 :]
    async with serving(Setup(DimseSettings(unknown_peers="accept"))) as served, hostile_row(served):
        async with served.caller() as caller:
            await caller.send(sent)
            assert await caller.pdu() == reject_pdu(1, 1, 3)
        assert last_refusal(served).isprintable()
        assert last_refusal(served).isascii()


async def test_d12_a_known_ae_title_from_a_foreign_address_is_an_alert() -> None:
    setup = Setup(peers=(Peer(ae_title="CT1", addresses=("192.0.2.0/24",)),))
    async with serving(setup) as served, hostile_row(served):
        async with served.caller() as caller:
            await caller.send(associate_rq(calling_ae="CT1"))
            assert await caller.pdu() == reject_pdu(1, 1, 3)
        assert served.count("pacsd_spoofed_associations_total") == 1
        assert "peer.addresses" in last_refusal(served)


async def test_d13_all_places_taken_but_those_kept_for_known_peers() -> None:
    dimse = DimseSettings(max_associations=3, reserved_associations=1)
    setup = Setup(dimse, peers=(Peer(ae_title="KNOWN"),))
    async with serving(setup) as served, hostile_row(served):
        async with served.caller() as second, served.caller() as stranger:
            await second.associate()
            await stranger.send(associate_rq())
            assert await stranger.pdu() == reject_pdu(2, 3, 2)
            assert "dimse.max_associations" in last_refusal(served)
            async with served.caller() as known:
                await known.associate(associate_rq(calling_ae="KNOWN"))
                await known.release()
        await until(lambda: len(served.places) == 1)
        async with served.caller() as later:
            await later.associate()
            await later.release()


async def test_d13_a_peer_has_a_limit_of_its_own_and_strangers_one_per_address() -> None:
    setup = Setup(
        DimseSettings(max_associations_per_peer=2),
        peers=(Peer(ae_title="CT1", max_associations=1),),
    )
    async with (
        serving(setup) as served,
        hostile_row(served),
        served.callers(3) as (one, other, third),
    ):
        await one.associate(associate_rq(calling_ae="CT1"))
        await other.send(associate_rq(calling_ae="CT1"))
        assert await other.pdu() == reject_pdu(2, 3, 2)
        assert "peer.max_associations" in last_refusal(served)
        await third.associate(associate_rq(calling_ae="A"))
        async with served.caller() as fourth:
            await fourth.send(associate_rq(calling_ae="B"))
            assert await fourth.pdu() == reject_pdu(2, 3, 2)
        assert "dimse.max_associations_per_peer" in last_refusal(served)


async def test_d13_an_ae_title_has_a_limit_of_its_own() -> None:
    setup = Setup(ae=(AESettings(), AESettings(title="SMALL", max_associations=1)))
    async with serving(setup) as served, hostile_row(served, called_ae="SMALL"):
        async with served.caller() as caller:
            await caller.send(associate_rq(called_ae="SMALL"))
            assert await caller.pdu() == reject_pdu(2, 3, 2)
        assert "ae.max_associations" in last_refusal(served)


async def test_d13_while_draining_a_caller_is_told_to_come_back() -> None:
    async with serving() as served, hostile_row(served):
        served.gatekeeper.is_draining = True
        async with served.caller() as caller:
            await caller.send(associate_rq())
            assert await caller.pdu() == reject_pdu(2, 3, 1)
        assert "shutting down" in last_refusal(served)
        served.gatekeeper.is_draining = False
