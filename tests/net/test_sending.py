"""One instance over an association, to a peer of a few lines."""

from dataclasses import replace

import pytest

from pacsd.dicom.errors import ReencodeError
from pacsd.dicom.registry import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
)
from pacsd.dimse.commands import CStoreRQ, Priority
from pacsd.dimse.errors import DimseError
from pacsd.net import errors
from pacsd.net.scu import open_association
from pacsd.net.sending import MoveOriginator, Outbound, Outcome, send
from pacsd.net.store_contexts import StoredAs, propose
from pacsd.net.transcoding import NO_TRANSCODING, NotTranscoded, Transcoding, Ways
from tests.dicom.written import DEFLATED, EXPLICIT, IMPLICIT, element, known
from tests.net.storing_peer import CT, StoringPeer, instance, storing
from tests.net.transcoder import RLE, FakeTranscoding

JPEG = "1.2.840.10008.1.2.4.50"
DATA = element(0x00080018, "UI", b"1.2\0")
IN_IMPLICIT = element(0x00080018, "UI", b"1.2\0", IMPLICIT)


async def outcome_of(
    peer: StoringPeer, sent: Outbound, transcoding: Transcoding = NO_TRANSCODING
) -> Outcome:
    async with storing(peer) as destination:
        contexts = propose([sent.stored_as], await transcoding.ways())
        association = await open_association(destination, contexts)
        try:
            return await send(association, sent, transcoding)
        finally:
            await association.release()


async def test_an_instance_arrives_as_it_is_stored() -> None:
    peer = StoringPeer()
    outcome = await outcome_of(peer, instance("1.2.3", DATA[:7], DATA[7:]))
    assert outcome == Outcome(0, "", EXPLICIT_VR_LITTLE_ENDIAN, len(DATA))
    (stored,) = peer.stored
    assert (stored.sop_class_uid, stored.sop_instance_uid) == (CT, "1.2.3")
    assert (stored.transfer_syntax_uid, stored.data_set) == (EXPLICIT.uid, DATA)


async def test_it_is_reencoded_for_a_peer_that_wants_another_encoding() -> None:
    peer = StoringPeer(supported={CT: frozenset({IMPLICIT_VR_LITTLE_ENDIAN})})
    outcome = await outcome_of(peer, instance("1.2.3", DATA))
    assert outcome == Outcome(0, "", IMPLICIT_VR_LITTLE_ENDIAN, len(IN_IMPLICIT))
    assert peer.stored[0].data_set == IN_IMPLICIT


@pytest.mark.parametrize(
    ("syntax", "data", "expected"),
    [
        (EXPLICIT, element(0x00080018, "UI", b"1.2"), DATA),
        (DEFLATED, b"\x03\0\0", b"\x03\0\0\0"),
        (known(JPEG), b"odd", b"odd"),
    ],
    ids=lambda each: getattr(each, "keyword", ""),
)
async def test_odd_data_sets_are_padded_as_far_as_they_can_be(
    syntax: TransferSyntax, data: bytes, expected: bytes
) -> None:
    peer = StoringPeer(supported={CT: frozenset({syntax.uid})})
    sent = instance("1.2.3", data, transfer_syntax_uid=syntax.uid)
    assert (await outcome_of(peer, sent)).transfer_syntax_uid == syntax.uid
    assert peer.stored[0].data_set == expected


async def test_a_sub_operation_of_a_c_move_names_its_originator() -> None:
    seen: list[CStoreRQ] = []

    def answer(request: CStoreRQ) -> tuple[int, str]:
        seen.append(request)
        return 0, ""

    sent = replace(
        instance("1.2.3", DATA),
        priority=Priority.LOW,
        move_originator=MoveOriginator("WORKSTATION", 77),
    )
    await outcome_of(StoringPeer(answer=answer), sent)
    assert seen[0].priority is Priority.LOW
    assert seen[0].move_originator_ae_title == "WORKSTATION"
    assert seen[0].move_originator_message_id == 77


@pytest.mark.parametrize(
    ("status", "is_stored"), [(0, True), (0xB000, True), (0xB007, True), (0xA700, False)]
)
async def test_the_peers_answer_is_told(status: int, is_stored: bool) -> None:
    peer = StoringPeer(answer=lambda _: (status, "because"))
    outcome = await outcome_of(peer, instance("1.2.3", DATA))
    assert (outcome.status, outcome.comment, outcome.is_stored) == (status, "because", is_stored)


async def test_what_the_peer_does_not_accept() -> None:
    with pytest.raises(errors.NotAccepted, match="CT Image Storage in JPEG Baseline"):
        await outcome_of(StoringPeer(), instance("1.2.3", DATA, transfer_syntax_uid=JPEG))


async def test_what_cannot_be_reencoded_harms_nobody() -> None:
    """The request goes out with the first chunk, and there is none."""
    peer = StoringPeer(supported={CT: frozenset({IMPLICIT_VR_LITTLE_ENDIAN})})
    with pytest.raises(ReencodeError, match="cut short"):
        await outcome_of(peer, instance("1.2.3", DATA[:-1]))
    assert (peer.stored, peer.released) == ([], 1)


async def test_a_uid_that_is_none_harms_nobody() -> None:
    peer = StoringPeer()
    with pytest.raises(DimseError):
        await outcome_of(peer, instance("1" * 80, DATA))
    assert (peer.stored, peer.released) == ([], 1)


async def test_a_file_that_fails_in_the_middle_ends_the_association() -> None:
    peer = StoringPeer()
    with pytest.raises(OSError, match="disk"):
        await outcome_of(peer, instance("1.2.3", DATA, DATA, error=OSError("disk")))
    assert (peer.stored, peer.released) == ([], 0)


def test_an_instance_without_an_answer_is_not_stored() -> None:
    assert not Outcome(None, "why").is_stored


RLE_TO_EXPLICIT = Ways({RLE: (EXPLICIT_VR_LITTLE_ENDIAN,)})


async def test_what_the_peer_takes_only_decoded_is_decoded() -> None:
    peer, codecs = StoringPeer(), FakeTranscoding(RLE_TO_EXPLICIT)
    sent = instance("1.2.3", DATA, transfer_syntax_uid=RLE)
    outcome = await outcome_of(peer, sent, codecs)
    assert outcome == Outcome(0, "", EXPLICIT_VR_LITTLE_ENDIAN, len(DATA))
    assert [each.data_set for each in peer.stored] == [DATA[::-1]]
    assert (codecs.done, codecs.inside) == ([("1.2.3", EXPLICIT_VR_LITTLE_ENDIAN)], 0)


async def test_what_the_peer_takes_as_it_is_is_not() -> None:
    peer = StoringPeer(supported={CT: frozenset({EXPLICIT_VR_LITTLE_ENDIAN, RLE})})
    codecs = FakeTranscoding(RLE_TO_EXPLICIT)
    outcome = await outcome_of(peer, instance("1.2.3", DATA, transfer_syntax_uid=RLE), codecs)
    assert (outcome.transfer_syntax_uid, codecs.done) == (RLE, [])


async def test_nobody_is_asked_for_codecs_where_none_is_needed() -> None:
    codecs = FakeTranscoding(RLE_TO_EXPLICIT)
    peer = StoringPeer(supported={CT: frozenset({IMPLICIT_VR_LITTLE_ENDIAN, RLE})})
    async with storing(peer) as destination:
        wanted = [StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN), StoredAs(CT, RLE)]
        association = await open_association(destination, propose(wanted))
        for syntax in (EXPLICIT_VR_LITTLE_ENDIAN, RLE):
            await send(association, instance("1.2.3", DATA, transfer_syntax_uid=syntax), codecs)
        assert codecs.asked == 0
        with pytest.raises(errors.NotAccepted, match="CT Image Storage in JPEG Baseline"):
            await send(association, instance("1.2.3", DATA, transfer_syntax_uid=JPEG), codecs)
        assert codecs.asked == 1
        await association.release()


async def test_what_cannot_be_transcoded_harms_nobody() -> None:
    peer = StoringPeer()
    codecs = FakeTranscoding(RLE_TO_EXPLICIT, {"1.2.3": NotTranscoded("12 bits only")})
    with pytest.raises(NotTranscoded, match="12 bits only"):
        await outcome_of(peer, instance("1.2.3", DATA, transfer_syntax_uid=RLE), codecs)
    assert (peer.stored, peer.released) == ([], 1)
