from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, VERIFICATION
from pacsd.ul import encode
from pacsd.ul.association import Association, Limits
from pacsd.ul.errors import LocalProtocolError, RemoteProtocolError
from pacsd.ul.events import (
    Aborted,
    AssociateAccepted,
    AssociateRefused,
    AssociateRejected,
    AssociateRequested,
    ConnectionLost,
    Event,
    PDataReceived,
    ReleaseConfirmed,
    ReleaseRequested,
)
from pacsd.ul.items import UserInformation
from pacsd.ul.negotiation import PresentationContext, answer
from pacsd.ul.pdu import MAX_ASSOCIATE_LENGTH, PDV, AssociateRQ, PDataTF
from pacsd.ul.rejection import ACSEReason, UserReason, rejected_by_acse, rejected_by_user
from pacsd.ul.states import State
from tests.ul.transcripts import (
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    ASSOCIATE_RQ,
    LIMITS,
    P_DATA_TF,
    PDVS,
    RELEASE_RP,
    RELEASE_RQ,
    REQUEST,
    TERMS,
    UNKNOWN_PDU,
    Pair,
    Playbook,
    abort_pdu,
    agreed,
    drain,
    p_data_field,
    sent,
)

CALLED_AE_UNKNOWN = rejected_by_user(UserReason.CALLED_AE_TITLE_NOT_RECOGNIZED)
A_CONTEXT = PresentationContext(1, VERIFICATION, EXPLICIT_VR_LITTLE_ENDIAN)


def acceptor(limits: Limits = LIMITS) -> Playbook:
    return Playbook(Association.acceptor(limits, 0.0))


def established(limits: Limits = LIMITS) -> Playbook:
    book = acceptor(limits) >> ASSOCIATE_RQ << AssociateRequested(REQUEST)
    book.association.accept(TERMS)
    return book << ASSOCIATE_AC


def requestor() -> Playbook:
    book = Playbook(Association.requestor(LIMITS, REQUEST, 0.0))
    book.association.transport_connected(0.0)
    return book << ASSOCIATE_RQ


# Transcripts


def test_association_of_an_acceptor() -> None:
    book = established() >> P_DATA_TF << PDataReceived(PDVS)
    book.association.send_p_data(PDVS[0])
    book << P_DATA_TF >> RELEASE_RQ << ReleaseRequested()
    book.association.respond_release(0.0)
    book << RELEASE_RP
    assert book.association.awaits_close
    assert not book.association.wants_close
    book.association.connection_lost(0.0)
    assert book.association.state is State.STA1
    assert book.is_quiet()


def test_association_of_a_requestor() -> None:
    book = requestor() >> ASSOCIATE_AC
    book << AssociateAccepted(agreed(book.association))
    assert agreed(book.association).contexts == {1: A_CONTEXT}
    book.association.release()
    # AR-6: data may still come while the release is under way.
    book << RELEASE_RQ >> P_DATA_TF << PDataReceived(PDVS) >> RELEASE_RP << ReleaseConfirmed()
    assert book.association.wants_close
    assert book.is_quiet()


def test_both_ends_agree() -> None:
    pair = Pair.established()
    assert agreed(pair.requestor) == agreed(pair.acceptor)
    assert pair.requestor.max_send_length == TERMS.max_length
    assert pair.acceptor.max_send_length == REQUEST.user_information.max_length
    pair.acceptor.send_p_data(PDVS[0])
    assert pair.to_requestor() == [PDataReceived(PDVS)]


def test_rejected_by_the_user() -> None:
    book = acceptor() >> ASSOCIATE_RQ << AssociateRequested(REQUEST)
    book.association.reject(CALLED_AE_UNKNOWN, 5.0)
    book << ASSOCIATE_RJ
    assert book.association.get_timer() == 5.0 + LIMITS.artim_s
    other = requestor() >> ASSOCIATE_RJ << AssociateRejected(CALLED_AE_UNKNOWN)
    assert other.association.wants_close


def test_data_after_the_peers_release_request() -> None:
    """AR-7: the acceptor of a release may still send what it owes."""
    book = established() >> RELEASE_RQ << ReleaseRequested()
    assert book.association.is_established
    book.association.send_p_data(PDVS[0])
    book << P_DATA_TF
    assert book.association.state is State.STA8


# The hostile rows


def test_d01_silence_ends_at_artim() -> None:
    book = acceptor()
    assert book.association.get_timer() == 30.0
    book.association.handle_timer(29.9)
    assert not book.association.wants_close
    book.association.handle_timer(30.0)
    assert book.association.wants_close
    assert book.is_quiet()


def test_d01_artim_is_not_put_off_by_a_slow_request() -> None:
    association = Association.acceptor(LIMITS, 0.0)
    for now, byte in enumerate(ASSOCIATE_RQ[:29]):
        association.receive_data(bytes((byte,)), float(now))
        assert association.next_event() is None
        assert association.get_timer() == 30.0
    association.handle_timer(30.0)
    assert association.wants_close
    assert association.get_timer() is None


def test_d02_deadline_is_for_the_whole_pdu() -> None:
    association = established().association
    for now, byte in enumerate(P_DATA_TF[:10]):
        association.receive_data(bytes((byte,)), float(now))
        assert association.next_event() is None
        association.handle_timer(float(now))
        assert association.get_timer() == LIMITS.pdu_timeout_s
    with pytest.raises(
        RemoteProtocolError, match=r"whole within 10 s \(network_timeout_s\)$"
    ) as error:
        association.handle_timer(10.0)
    assert error.value.is_timeout
    assert (error.value.source, error.value.reason) == (2, 0)
    assert sent(association) == abort_pdu(2, 0)
    assert association.get_timer() == 10.0 + LIMITS.artim_s


def test_d02_deadline_ends_with_the_pdu() -> None:
    book = established() >> P_DATA_TF[:9]
    assert book.association.get_timer() == LIMITS.pdu_timeout_s
    book >> P_DATA_TF[9:] << PDataReceived(PDVS)
    assert book.association.get_timer() is None


def test_resumed_gives_the_pdu_its_time_anew() -> None:
    book = established() >> P_DATA_TF[:9]
    book.association.resumed(7.0)
    assert book.association.get_timer() == 17.0


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", bytes.fromhex("16030102000100")]
)
def test_d03_another_protocol(data: bytes) -> None:
    book = acceptor() >> data << (0, 0) << abort_pdu(0, 0)
    assert len(book.association._reader._kept) == 0


def test_d04_length_of_4_gib() -> None:
    book = acceptor() >> b"\x01\x00\xff\xff\xff\xff" + bytes(4000) << (0, 0) << abort_pdu(0, 0)
    assert len(book.association._reader._kept) == 0


FIRST_ITEM = 74
DAMAGED = {
    "shorter than its items": ASSOCIATE_RQ[:-1],
    "longer than its items": ASSOCIATE_RQ + b"\x00",
    "shorter than its fixed fields": ASSOCIATE_RQ[:60],
    "item past the end": ASSOCIATE_RQ[: FIRST_ITEM + 2]
    + b"\xff\xff"
    + ASSOCIATE_RQ[FIRST_ITEM + 4 :],
    "item of 0 bytes": ASSOCIATE_RQ[:FIRST_ITEM] + b"\x10\x00\x00\x00",
}


@pytest.mark.parametrize("pdu", DAMAGED.values(), ids=DAMAGED)
def test_d05_lengths_that_contradict(pdu: bytes) -> None:
    pdu = pdu[:2] + (len(pdu) - 6).to_bytes(4, "big") + pdu[6:]
    acceptor() >> pdu << (0, 0) << abort_pdu(0, 0)


def test_d06_memory_grows_with_what_was_received() -> None:
    book = acceptor() >> b"\x01\x00" + MAX_ASSOCIATE_LENGTH.to_bytes(4, "big")
    for count in range(1, 50):
        book >> b"\x40\x00\xff\xff"
        assert len(book.association._reader._kept) == 6 + 4 * count


@pytest.mark.parametrize("ids", [(2,), (0,), (1, 1), (*range(1, 256, 2), 255)])
def test_d07_context_ids(ids: tuple[int, ...]) -> None:
    contexts = tuple(replace(REQUEST.contexts[0], context_id=number) for number in ids)
    acceptor() >> encode.encode_associate_rq(replace(REQUEST, contexts=contexts)) << (0, 0)


def refused(request: AssociateRQ) -> AssociateRefused:
    book = acceptor() >> encode.encode_associate_rq(request)
    [event] = book._events
    assert isinstance(event, AssociateRefused)
    assert event.request == request
    assert sent(book.association) == encode.encode_associate_rj(event.rejection)
    assert book.association.awaits_close
    assert book.association.get_timer() == LIMITS.artim_s
    with pytest.raises(LocalProtocolError, match="ASSOCIATE_ACCEPT in STA13"):
        book.association.accept(TERMS)
    assert book.association.negotiated is None
    return event


def test_d08_protocol_version() -> None:
    rejection = refused(replace(REQUEST, protocol_version=2)).rejection
    assert rejection == rejected_by_acse(ACSEReason.PROTOCOL_VERSION_NOT_SUPPORTED)


def test_d09_application_context() -> None:
    rejection = refused(replace(REQUEST, application_context="1.2.3")).rejection
    assert rejection == rejected_by_user(UserReason.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED)


def test_d15_nothing_in_common_is_still_an_association() -> None:
    book = acceptor() >> ASSOCIATE_RQ << AssociateRequested(REQUEST)
    negotiated = book.association.accept(replace(TERMS, supported={}))
    assert negotiated.contexts == {}
    book << encode.encode_associate_ac(answer(REQUEST, replace(TERMS, supported={})))
    book >> P_DATA_TF << (2, 6) << abort_pdu(2, 6)


@pytest.mark.parametrize("pdu", [ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, RELEASE_RP])
def test_d16_unexpected_pdu(pdu: bytes) -> None:
    first_fragment = encode.encode_p_data(PDataTF((PDV(1, True, False, b"half"),)))
    established() >> pdu << (2, 2) << abort_pdu(2, 2)
    book = established() >> first_fragment + pdu
    book << PDataReceived((PDV(1, True, False, b"half"),)) << (2, 2) << abort_pdu(2, 2)


@pytest.mark.parametrize("pdu_type", [0x08, 0x10, 0xFF])
def test_d17_unknown_pdu_type(pdu_type: int) -> None:
    established() >> bytes((pdu_type,)) + UNKNOWN_PDU[1:] << (2, 1) << abort_pdu(2, 1)


def test_d18_data_before_an_association() -> None:
    acceptor() >> P_DATA_TF << (0, 0) << abort_pdu(0, 0)


def test_d19_longer_than_announced() -> None:
    def of_length(length: int) -> bytes:
        return encode.encode_p_data(PDataTF((PDV(1, False, False, bytes(length - 6)),)))

    book = established()
    for length, counted in ((1024, 0), (1025, 1), (2048, 2)):
        book >> of_length(length) << PDataReceived((PDV(1, False, False, bytes(length - 6)),))
        assert book.association.oversized_pdus == counted
    book >> of_length(2049)[:6] << (2, 6) << abort_pdu(2, 6)
    strict = established(replace(LIMITS, is_strict=True))
    strict >> of_length(1025)[:6] << (2, 6) << abort_pdu(2, 6)


@pytest.mark.parametrize("length", [0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF])
def test_d20_pdv_length(length: int) -> None:
    item = length.to_bytes(4, "big") + b"\x01\x03abc"
    established() >> p_data_field(item) << (2, 6) << abort_pdu(2, 6)


def test_d20_no_pdv() -> None:
    established() >> p_data_field() << (2, 6) << abort_pdu(2, 6)


@pytest.mark.parametrize("context_id", [3, 5, 2, 0, 255])
def test_d21_context_never_accepted(context_id: int) -> None:
    never = encode.encode_p_data(PDataTF((*PDVS, PDV(context_id, False, True, b""))))
    established() >> never << (2, 6) << abort_pdu(2, 6)


@pytest.mark.parametrize("max_length", [1, 7])
def test_d24_maximum_length_without_room(max_length: int) -> None:
    info = UserInformation(max_length=max_length)
    assert refused(replace(REQUEST, user_information=info)).rejection.source == 1
    answered = answer(REQUEST, TERMS)
    book = requestor() >> encode.encode_associate_ac(replace(answered, user_information=info))
    book << (2, 6) << abort_pdu(2, 6)
    assert book.association.negotiated is None


@pytest.mark.parametrize("state", ["awaiting an answer", "established", "releasing"])
def test_d50_connection_lost_in_the_middle_of_a_pdu(state: str) -> None:
    book = acceptor() >> ASSOCIATE_RQ if state == "awaiting an answer" else established()
    if state == "releasing":
        book.association.release()
        sent(book.association)
    book._events.clear()
    book >> P_DATA_TF[:-1]
    book.association.connection_lost(1.0)
    assert drain(book.association) == [ConnectionLost()]
    assert book.association.get_timer() is None
    assert len(book.association._reader._kept) == 0
    book.association.connection_lost(2.0)
    assert book.is_quiet()


# Splits, lent buffers

SESSION_OF_A_PEER = P_DATA_TF * 3 + RELEASE_RQ


def _events(cuts: list[int]) -> list[Event | RemoteProtocolError]:
    association = established().association
    events = []
    for start, end in zip([0, *cuts], [*cuts, None], strict=True):
        association.receive_data(SESSION_OF_A_PEER[start:end], 0.0)
        events += [
            PDataReceived(tuple(pdv._replace(data=bytes(pdv.data)) for pdv in event.pdvs))
            if isinstance(event, PDataReceived)
            else event
            for event in drain(association)
        ]
    return events


@given(st.lists(st.integers(0, len(SESSION_OF_A_PEER)), max_size=6).map(sorted))
def test_any_split_gives_the_same_events(cuts: list[int]) -> None:
    assert _events(cuts) == [PDataReceived(PDVS)] * 3 + [ReleaseRequested()]


def test_one_byte_at_a_time_gives_the_same_events() -> None:
    assert _events(list(range(len(SESSION_OF_A_PEER)))) == _events([])


@pytest.mark.parametrize(
    "data",
    [
        P_DATA_TF + P_DATA_TF[:3],
        RELEASE_RQ,
        abort_pdu(0, 0) + P_DATA_TF,
        UNKNOWN_PDU + P_DATA_TF,
        RELEASE_RP,
    ],
)
def test_lent_buffer_is_free_once_drained(data: bytes) -> None:
    association = established().association
    lent = bytearray(data)
    association.receive_data(lent, 0.0)
    with suppress(RemoteProtocolError):
        while association.next_event() is not None:
            pass
    lent.clear()  # a BufferError if a view of it were alive


def test_held_bytes_are_read_after_the_buffer_changed() -> None:
    association = established().association
    lent = bytearray(P_DATA_TF + RELEASE_RQ)
    association.receive_data(lent, 0.0)
    assert association.next_event() == PDataReceived(PDVS)
    association.hold()
    lent[:] = bytes(len(lent))
    assert drain(association) == [ReleaseRequested()]


def test_nothing_is_read_after_the_end() -> None:
    book = established() >> abort_pdu(2, 1) + RELEASE_RQ << Aborted(2, 1)
    assert book.association.wants_close
    book >> RELEASE_RQ
    assert book.is_quiet()
    assert book.association.get_timer() is None


# What the local user may not do


def test_accept_needs_a_request() -> None:
    for association in (acceptor().association, requestor().association):
        with pytest.raises(LocalProtocolError, match="ASSOCIATE_ACCEPT in STA"):
            association.accept(TERMS)
        assert association.negotiated is None


def test_accept_twice_leaves_the_first_agreement() -> None:
    association = established().association
    first = association.negotiated
    with pytest.raises(LocalProtocolError, match="ASSOCIATE_ACCEPT in STA6"):
        association.accept(replace(TERMS, supported={}))
    assert association.negotiated is first


def test_accept_brings_the_peers_limits() -> None:
    book = acceptor() >> ASSOCIATE_RQ << AssociateRequested(REQUEST)
    book.association.accept(TERMS, Limits(64, artim_s=1.0, pdu_timeout_s=2.0, is_strict=True))
    sent(book.association)
    book >> P_DATA_TF[:6]
    assert book.association.get_timer() == 2.0
    book >> P_DATA_TF[6:] << PDataReceived(PDVS) >> b"\x04\x00\x00\x00\x00\x41" << (2, 6)
    assert book.association.get_timer() == 1.0


def test_a_context_that_was_never_accepted_carries_nothing() -> None:
    book = established()
    with pytest.raises(LocalProtocolError, match="presentation context id 3 was never accepted"):
        book.association.send_p_data(PDV(3, False, True, b""))
    assert book.is_quiet()


def test_data_is_cut_where_the_peers_longest_pdu_ends() -> None:
    association = established().association
    room = association.max_send_length - 6
    data = bytes(range(256)) * 4
    association.send_p_data(PDV(1, False, True, data))
    sent = b"".join(association.data_to_send())
    parts = [data[start : start + room] for start in range(0, len(data), room)]
    pdus = [
        encode.encode_p_data(PDataTF((PDV(1, False, part is parts[-1], part),))) for part in parts
    ]
    assert sent == b"".join(pdus)
    assert len(pdus[0]) == 6 + association.max_send_length


def test_no_length_before_an_association() -> None:
    with pytest.raises(LocalProtocolError, match="there is no association"):
        _ = acceptor().association.max_send_length


def test_request_that_cannot_be_sent() -> None:
    association = Association.requestor(LIMITS, replace(REQUEST, called_ae=""), 0.0)
    with pytest.raises(LocalProtocolError, match="A-ASSOCIATE-RQ: AE title"):
        association.transport_connected(0.0)
    assert association.state is State.STA4


def test_what_can_be_aborted() -> None:
    assert not acceptor().association.can_abort
    book = established()
    assert book.association.can_abort
    book >> P_DATA_TF[:3]
    book.association.abort(1.0)
    book << abort_pdu(0, 0)
    assert not book.association.can_abort
    assert len(book.association._reader._kept) == 0
