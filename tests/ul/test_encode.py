from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynetdicom import pdu as theirs

from pacsd.ul import decode, encode
from pacsd.ul.errors import LocalProtocolError
from pacsd.ul.items import ExtendedNegotiation, UserIdentityRQ, UserInformation
from pacsd.ul.negotiation import answer
from pacsd.ul.pdu import (
    HEADER_LENGTH,
    PDV,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    ContextAnswer,
    PDataTF,
    ProposedContext,
)
from tests.ul import oracle
from tests.ul.pdu_strategies import aborts, associate_acs, associate_rjs, associate_rqs, p_data_tfs
from tests.ul.transcripts import RELEASE_RP, RELEASE_RQ, REQUEST, TERMS


def field_of(pdu: bytes) -> memoryview:
    assert int.from_bytes(pdu[2:HEADER_LENGTH], "big") == len(pdu) - HEADER_LENGTH
    return memoryview(pdu)[HEADER_LENGTH:]


def with_syntaxes(record: AssociateAC) -> AssociateAC:
    """Also a rejected context names a transfer syntax, which pynetdicom insists on."""
    contexts = tuple(
        ContextAnswer(each.context_id, each.result, each.transfer_syntax or "1.2.840.10008.1.2")
        for each in record.contexts
    )
    return replace(record, contexts=contexts)


@settings(max_examples=50)
@given(associate_rqs)
def test_associate_rq_is_pynetdicoms(record: AssociateRQ) -> None:
    ours = encode.encode_associate_rq(record)
    assert ours == oracle.associate_rq(record).encode()
    pdu = theirs.A_ASSOCIATE_RQ()
    pdu.decode(ours)
    assert pdu == oracle.associate_rq(record)


@settings(max_examples=50)
@given(associate_rqs)
def test_associate_rq_round_trip(record: AssociateRQ) -> None:
    assert decode.decode_associate_rq(field_of(encode.encode_associate_rq(record))) == record


@settings(max_examples=50)
@given(associate_acs.map(with_syntaxes))
def test_associate_ac_is_pynetdicoms(record: AssociateAC) -> None:
    ours = encode.encode_associate_ac(record)
    assert ours == oracle.associate_ac(record).encode()
    pdu = theirs.A_ASSOCIATE_AC()
    pdu.decode(ours)
    assert pdu == oracle.associate_ac(record)


@settings(max_examples=50)
@given(associate_acs)
def test_associate_ac_round_trip(record: AssociateAC) -> None:
    assert decode.decode_associate_ac(field_of(encode.encode_associate_ac(record))) == record


@settings(max_examples=50)
@given(associate_rjs)
def test_associate_rj(record: AssociateRJ) -> None:
    ours = encode.encode_associate_rj(record)
    assert ours == oracle.associate_rj(record).encode()
    assert decode.decode_associate_rj(field_of(ours)) == record


@given(aborts)
def test_abort(record: Abort) -> None:
    ours = encode.encode_abort(record)
    assert ours == oracle.abort(record).encode()
    assert decode.decode_abort(field_of(ours)) == record


@given(p_data_tfs)
def test_p_data(record: PDataTF) -> None:
    ours = encode.encode_p_data(record)
    assert ours == oracle.p_data_tf(record).encode()
    assert decode.decode_p_data(field_of(ours)) == record


def test_release() -> None:
    assert encode.RELEASE_RQ == RELEASE_RQ == theirs.A_RELEASE_RQ().encode()
    assert encode.RELEASE_RP == RELEASE_RP == theirs.A_RELEASE_RP().encode()


@given(
    st.builds(PDV, st.integers(1, 255), st.booleans(), st.booleans(), st.binary(max_size=20_000)),
    st.integers(1, 9_000),
)
def test_data_of_any_length_is_cut_into_whole_pdus(pdv: PDV, room: int) -> None:
    data = pdv.data
    starts = range(0, max(1, len(data)), room)
    pdvs = [
        pdv._replace(data=data[start : start + room], is_last=pdv.is_last and start == starts[-1])
        for start in starts
    ]
    cut = b"".join(encode.cut(pdv, room))
    assert cut == b"".join(encode.encode_p_data(PDataTF((each,))) for each in pdvs)


@pytest.mark.parametrize("room", [9_000, 5_000])
def test_long_data_is_referred_to(room: int) -> None:
    data = bytearray(b"data" * 2_000)
    buffers = encode.cut(PDV(1, False, True, data), room)
    data[:] = b"DATA" * 2_000
    longest = max(buffers, key=len)
    assert longest[:4] == b"DATA"


def test_a_short_pdv_is_one_buffer() -> None:
    (buffer,) = encode.cut(PDV(1, True, True, memoryview(b"data")), 100)
    assert buffer == bytes.fromhex("04 00 0000000a 00000006 01 03") + b"data"


@pytest.mark.parametrize("title", ["", "    ", "A" * 17, "A\\B", "A\nB", "\u00c4"])
def test_ae_title_that_cannot_be_sent(title: str) -> None:
    with pytest.raises(LocalProtocolError, match=r"^A-ASSOCIATE-RQ: AE title: AE title '"):
        encode.encode_associate_rq(replace(REQUEST, called_ae=title))


def test_answer_repeats_bytes_11_to_74_of_the_request() -> None:
    received = b"\xc4\0PACSD".ljust(16, b"\0") + b" CT1".ljust(16) + bytes(range(100, 132))
    asked = encode.encode_associate_rq(REQUEST)
    request = decode.decode_associate_rq(field_of(asked[:10] + received + asked[74:]))
    assert encode.encode_associate_ac(answer(request, TERMS))[10:74] == received


def test_answer_repeats_any_ae_title() -> None:
    record = AssociateAC("\u00c4\\" + "x" * 20, "", (), UserInformation())
    assert encode.encode_associate_ac(record)[10:42] == b"\xc4\\" + b"x" * 14 + b" " * 16


@pytest.mark.parametrize(
    "info",
    [
        UserInformation(implementation_class_uid="1" * 0x10000),
        UserInformation(user_identity=UserIdentityRQ(1, False, bytes(0x10000))),
        UserInformation(
            extended_negotiations=tuple(ExtendedNegotiation("1", bytes(40_000)) for _ in range(2))
        ),
    ],
)
def test_too_long_for_its_length_field(info: UserInformation) -> None:
    with pytest.raises(LocalProtocolError, match=r"65535|at most"):
        encode.encode_associate_rq(replace(REQUEST, user_information=info))


def test_name_that_is_not_ascii() -> None:
    request = replace(REQUEST, contexts=(ProposedContext(1, "1.2.\u0663", ()),))
    with pytest.raises(LocalProtocolError, match=r"'1\.2\.\\u0663' is not ASCII"):
        encode.encode_associate_rq(request)
