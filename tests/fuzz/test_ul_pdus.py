"""Fuzz entries of the Upper Layer: each decoder, and whole associations fed damaged streams."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from pacsd.ul import decode, encode
from pacsd.ul.association import Association
from pacsd.ul.errors import PDUError, RemoteProtocolError
from pacsd.ul.events import (
    AssociateAccepted,
    AssociateRequested,
    Event,
    PDataReceived,
    ReleaseRequested,
)
from pacsd.ul.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    OperationsWindow,
    RoleSelection,
    UserIdentityRQ,
    UserInformation,
)
from pacsd.ul.negotiation import answer
from pacsd.ul.pdu import HEADER_LENGTH, PDV, PDataTF
from pacsd.ul.states import State
from tests.fuzz.campaign import long_iterations, run
from tests.ul.transcripts import (
    ASSOCIATE_RJ,
    LIMITS,
    P_DATA_TF,
    RELEASE_RP,
    RELEASE_RQ,
    REQUEST,
    TERMS,
    abort_pdu,
    drain,
    sent,
)

FULL_REQUEST = replace(
    REQUEST,
    user_information=UserInformation(
        max_length=16_384,
        implementation_class_uid="1.2.3",
        implementation_version_name="VERSION",
        operations_window=OperationsWindow(0, 3),
        role_selections=(RoleSelection("1.2.840.10008.1.1", True, True),),
        extended_negotiations=(ExtendedNegotiation("1.2.3.4", b"\x01\x01"),),
        common_extended_negotiations=(CommonExtendedNegotiation("1.2", "1.3", ("1.4", "1.5")),),
        user_identity=UserIdentityRQ(2, True, b"user", b"passcode"),
    ),
)
FULL_TERMS = replace(
    TERMS,
    max_operations_window=16,
    extended_support={"1.2.3.4": b"\x01\x00"},
    user_identity_response=b"ticket",
)
ASSOCIATE_RQ = encode.encode_associate_rq(FULL_REQUEST)
ASSOCIATE_AC = encode.encode_associate_ac(answer(FULL_REQUEST, FULL_TERMS))
TWO_PDVS = encode.encode_p_data(
    PDataTF((PDV(1, True, True, b"command"), PDV(1, False, False, b"data set")))
)

PDUS: dict[str, tuple[Callable[[memoryview], object], list[bytes]]] = {
    "associate-rq": (decode.decode_associate_rq, [ASSOCIATE_RQ]),
    "associate-ac": (decode.decode_associate_ac, [ASSOCIATE_AC]),
    "associate-rj": (decode.decode_associate_rj, [ASSOCIATE_RJ]),
    "p-data-tf": (decode.decode_p_data, [P_DATA_TF, TWO_PDVS]),
    "release": (decode.decode_release, [RELEASE_RQ, RELEASE_RP]),
    "abort": (decode.decode_abort, [abort_pdu(2, 1)]),
}
ACCEPTOR_STREAMS = [
    ASSOCIATE_RQ + P_DATA_TF + TWO_PDVS + RELEASE_RQ,
    ASSOCIATE_RQ + P_DATA_TF + abort_pdu(0, 0),
    ASSOCIATE_RQ + RELEASE_RQ + RELEASE_RQ,
]
REQUESTOR_STREAMS = [
    ASSOCIATE_AC + P_DATA_TF + TWO_PDVS + RELEASE_RP,
    ASSOCIATE_AC + RELEASE_RQ + RELEASE_RP,
    ASSOCIATE_RJ + abort_pdu(2, 2),
]
PIECE_BYTES = 7


def acceptor() -> Association:
    return Association.acceptor(LIMITS, 0.0)


def requestor() -> Association:
    association = Association.requestor(LIMITS, FULL_REQUEST, 0.0)
    association.transport_connected(0.0)
    sent(association)
    return association


STREAMS = {"acceptor": (acceptor, ACCEPTOR_STREAMS), "requestor": (requestor, REQUESTOR_STREAMS)}


def decoder_of(read: Callable[[memoryview], object]) -> Callable[[bytes], object]:
    def parse(field: bytes) -> object:
        try:
            return read(memoryview(field))
        except PDUError as error:
            if not (str(error).isascii() and str(error).isprintable()):
                raise TypeError("a refusal that cannot be printed") from error
            raise

    return parse


def conversation_of(make: Callable[[], Association]) -> Callable[[bytes], object]:
    """Feed a stream at once and in pieces: the same must come of it.

    Raises:
        RemoteProtocolError: the peer was found to break the protocol, and told so.
    """

    def parse(stream: bytes) -> object:
        pieces = [
            stream[start : start + PIECE_BYTES] for start in range(0, len(stream), PIECE_BYTES)
        ]
        whole, whole_error = converse(make(), [stream])
        parts, parts_error = converse(make(), pieces)
        if (whole, str(whole_error)) != (parts, str(parts_error)):
            raise TypeError(f"at once {whole} {whole_error}, in pieces {parts} {parts_error}")
        if whole_error is not None:
            raise whole_error
        return whole

    return parse


def converse(
    association: Association, pieces: Iterable[bytes]
) -> tuple[list[Event | bytes], RemoteProtocolError | None]:
    """What comes out, written bytes included, until the connection is to be closed."""
    outcome: list[Event | bytes] = []
    for piece in pieces:
        association.receive_data(piece, 0.0)
        try:
            while (event := association.next_event()) is not None:
                outcome.append(_kept(event))
                _respond(association, event)
                outcome.append(sent(association))
        except RemoteProtocolError as error:
            _check_abort(association, error)
            return [each for each in outcome if each], error
        outcome.append(sent(association))
        if association.wants_close:
            break
    return [each for each in outcome if each], None


def _respond(association: Association, event: Event) -> None:
    if isinstance(event, AssociateRequested):
        association.accept(FULL_TERMS)
    elif isinstance(event, AssociateAccepted):
        association.release()
    elif isinstance(event, ReleaseRequested) and association.state is not State.STA10:
        association.respond_release(0.0)


def _kept(event: Event) -> Event:
    if isinstance(event, PDataReceived):
        return PDataReceived(tuple(pdv._replace(data=bytes(pdv.data)) for pdv in event.pdvs))
    return event


def _check_abort(association: Association, error: RemoteProtocolError) -> None:
    told = sent(association)
    if association.state is not State.STA13 or told != abort_pdu(error.source, error.reason):
        raise TypeError(f"{error} in {association.state}, written {told.hex()}") from error
    if drain(association) or association.get_timer() is None:
        raise TypeError("an aborted association goes on") from error


@pytest.mark.parametrize("name", PDUS)
def test_a_slice_of_pdus(name: str) -> None:
    read, pdus = PDUS[name]
    corpus = [pdu[HEADER_LENGTH:] for pdu in pdus]
    report = run(decoder_of(read), corpus, (PDUError,), iterations=1_000, seed=1)
    assert report.parsed > len(corpus)
    assert report.refused["PDUError"] > 0


@pytest.mark.parametrize("side", STREAMS)
def test_a_slice_of_streams(side: str) -> None:
    make, corpus = STREAMS[side]
    parse = conversation_of(make)
    report = run(parse, corpus, (RemoteProtocolError,), iterations=1_000, seed=1)
    assert report.parsed > len(corpus)
    assert report.refused["RemoteProtocolError"] > 0


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", PDUS)
def test_a_campaign_of_pdus(name: str) -> None:
    read, pdus = PDUS[name]
    corpus = [pdu[HEADER_LENGTH:] for pdu in pdus]
    run(decoder_of(read), corpus, (PDUError,), iterations=long_iterations(), seed=2)


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@pytest.mark.parametrize("side", STREAMS)
def test_a_campaign_of_streams(side: str) -> None:
    make, corpus = STREAMS[side]
    run(conversation_of(make), corpus, (RemoteProtocolError,), long_iterations(), seed=2)
