import struct
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsd.ul import decode, encode
from pacsd.ul.errors import AbortReason, PDUError
from pacsd.ul.pdu import (
    HEADER_LENGTH,
    MAX_ASSOCIATE_LENGTH,
    MAX_PROPOSED_SYNTAXES,
    MAX_TRANSFER_SYNTAXES,
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
from tests.ul.transcripts import ASSOCIATE_AC, ASSOCIATE_RQ, REQUEST

FIXED = ASSOCIATE_RQ[HEADER_LENGTH : HEADER_LENGTH + 68]
APPLICATION_CONTEXT_ITEM = bytes.fromhex("10 00 0015") + b"1.2.840.10008.3.1.1.1"


def item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def context_item(context_id: int, *sub_items: bytes, kind: int = 0x20, result: int = 0) -> bytes:
    return item(kind, bytes((context_id, 0, result, 0)) + b"".join(sub_items))


ABSTRACT = item(0x30, b"1.2.840.10008.1.1")
TRANSFER = item(0x40, b"1.2.840.10008.1.2")


def rq(*items: bytes) -> AssociateRQ:
    return decode.decode_associate_rq(memoryview(FIXED + b"".join(items)))


def ac(*items: bytes) -> AssociateAC:
    return decode.decode_associate_ac(memoryview(FIXED + b"".join(items)))


def field_of(pdu: bytes) -> memoryview:
    return memoryview(pdu)[HEADER_LENGTH:]


# What pynetdicom writes, we read


@settings(max_examples=50)
@given(associate_rqs)
def test_associate_rq_of_pynetdicom(record: AssociateRQ) -> None:
    pdu = oracle.associate_rq(record).encode()
    assert decode.decode_associate_rq(field_of(pdu)) == record


@settings(max_examples=50)
@given(associate_acs)
def test_associate_ac_of_pynetdicom(record: AssociateAC) -> None:
    accepted = tuple(each for each in record.contexts if each.result == 0)
    record = replace(record, contexts=accepted)
    pdu = oracle.associate_ac(record).encode()
    assert decode.decode_associate_ac(field_of(pdu)) == record


@given(associate_rjs)
def test_associate_rj_of_pynetdicom(record: AssociateRJ) -> None:
    assert decode.decode_associate_rj(field_of(oracle.associate_rj(record).encode())) == record


@given(p_data_tfs)
def test_p_data_of_pynetdicom(record: PDataTF) -> None:
    assert decode.decode_p_data(field_of(oracle.p_data_tf(record).encode())) == record


@given(aborts)
def test_abort_of_pynetdicom(record: Abort) -> None:
    assert decode.decode_abort(field_of(oracle.abort(record).encode())) == record


# What devices do, and the standard does not forbid


def test_p_data_is_a_view() -> None:
    field = bytearray(bytes.fromhex("00000004 01 03 abcd"))
    [pdv] = decode.decode_p_data(memoryview(field)).pdvs
    field[-1] = 0xEF
    assert pdv == (1, True, True, b"\xab\xef")


def test_padded_uids_and_unknown_items() -> None:
    padded = context_item(1, item(0x30, b"1.2.3\0"), item(0x99, b"?"), item(0x40, b"1.2 "))
    request = rq(item(0x77, b""), padded)
    assert request.contexts == (ProposedContext(1, "1.2.3", ("1.2",)),)


def test_proposal_too_long_to_remember_reads_the_same() -> None:
    many = tuple(f"1.2.840.10008.1.2.{number}" for number in range(100))
    request = replace(REQUEST, contexts=(ProposedContext(5, "1.2.3", many),))
    assert decode.decode_associate_rq(field_of(encode.encode_associate_rq(request))) == request


@pytest.mark.parametrize("syntaxes", [(), (item(0x40, b""),), (TRANSFER, TRANSFER)])
def test_rejected_context_may_name_no_syntax(syntaxes: tuple[bytes, ...]) -> None:
    answer = ac(context_item(1, *syntaxes, kind=0x21, result=3))
    assert answer.contexts == (ContextAnswer(1, 3, ""),)


def test_fields_that_the_answer_repeats_are_kept_as_received() -> None:
    fixed = FIXED[:4] + bytes(range(64))
    request = decode.decode_associate_rq(memoryview(fixed))
    assert request.bytes_11_to_74 == bytes(range(64))


# What the standard forbids

REFUSED_RQ = {
    "item header cut": (b"\x10\x00\x00", "3 bytes left, no room for an item header"),
    "item past the end": (b"\x20\x00\xff\xff\x01", "item 20H declares 65535 bytes, 1 are left"),
    "empty application context": (item(0x10, b""), r"application context: b'' is not a UID"),
    "application context twice": (APPLICATION_CONTEXT_ITEM * 2, "item 10H occurs twice"),
    "user information twice": (item(0x50, b"") * 2, "item 50H occurs twice"),
    "empty context": (item(0x20, b""), "item of 0 bytes, 4 are due"),
    "no abstract syntax": (context_item(3, TRANSFER), "context 3: no abstract syntax"),
    "two abstract syntaxes": (context_item(3, ABSTRACT * 2), "context 3: two abstract syntaxes"),
    "empty abstract syntax": (context_item(3, item(0x30, b"")), "abstract syntax: b'' is not"),
    "empty transfer syntax": (context_item(3, item(0x40, b"\0")), "transfer syntax: b'' is not"),
    "syntax not ASCII": (context_item(3, item(0x30, b"1.\xff")), r"b'1\.\\xff' is not a UID"),
    "syntax past its context": (context_item(3, b"\x40\x00\xff\xff"), "declares 65535 bytes, 0"),
}


@pytest.mark.parametrize(("items", "text"), REFUSED_RQ.values(), ids=REFUSED_RQ)
def test_d05_lengths_that_contradict_their_items(items: bytes, text: str) -> None:
    with pytest.raises(PDUError, match=f"^A-ASSOCIATE-RQ: .*{text}") as refused:
        rq(items)
    assert refused.value.reason is AbortReason.INVALID_PDU_PARAMETER


@pytest.mark.parametrize("length", [0, 1, 67])
def test_d05_shorter_than_its_fixed_fields(length: int) -> None:
    for name, read in (("RQ", decode.decode_associate_rq), ("AC", decode.decode_associate_ac)):
        with pytest.raises(PDUError, match=f"^A-ASSOCIATE-{name}: {length} bytes, .*need 68"):
            read(memoryview(FIXED[:length]))


def test_d06_sub_items_that_declare_more_than_was_sent() -> None:
    false = context_item(1, ABSTRACT, b"\x40\x00\xff\xff" * 16_000)
    tracemalloc.start()
    try:
        with pytest.raises(PDUError, match="declares 65535 bytes, 63996 are left"):
            rq(false)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 5 * len(false)


def test_d06_transfer_syntaxes_of_one_context_have_a_bound() -> None:
    tiny = item(0x40, b"1")
    [context] = rq(context_item(1, ABSTRACT, tiny * MAX_TRANSFER_SYNTAXES)).contexts
    assert len(context.transfer_syntaxes) == MAX_TRANSFER_SYNTAXES
    with pytest.raises(PDUError, match=r"context 1: over 256 transfer syntaxes \(our own bound\)"):
        rq(context_item(1, ABSTRACT, tiny * (MAX_TRANSFER_SYNTAXES + 1)))


def test_d06_transfer_syntaxes_of_one_request_have_a_bound() -> None:
    longest = [item(0x40, f"1.{number}".ljust(64, "2").encode()) for number in range(64)]
    all_ids = [context_item(number, ABSTRACT, *longest) for number in range(1, 256, 2)]
    largest = b"".join(all_ids)
    proposed = sum(len(context.transfer_syntaxes) for context in rq(largest).contexts)
    assert proposed == MAX_PROPOSED_SYNTAXES
    assert len(FIXED + APPLICATION_CONTEXT_ITEM + largest) + 0x10003 <= MAX_ASSOCIATE_LENGTH
    all_ids[-1] = context_item(255, ABSTRACT, *longest, TRANSFER)
    with pytest.raises(PDUError, match="8193 transfer syntaxes up to presentation context 255"):
        rq(*all_ids)


@pytest.mark.parametrize("read", [rq, ac])
def test_d06_items_that_nobody_knows_have_a_bound(read: Callable[[bytes], object]) -> None:
    read(item(0x77, b"") * 258)
    with pytest.raises(PDUError, match=r"more than 258 items \(our own bound\)"):
        read(item(0x77, b"") * 259)


@pytest.mark.parametrize("context_id", [0, 2, 254])
def test_d07_context_id_is_even(context_id: int) -> None:
    with pytest.raises(PDUError, match=f"presentation context id {context_id} is even"):
        rq(context_item(context_id, ABSTRACT, TRANSFER))
    with pytest.raises(PDUError, match=f"presentation context id {context_id} is even"):
        ac(context_item(context_id, TRANSFER, kind=0x21))


def test_d07_context_id_occurs_twice() -> None:
    with pytest.raises(PDUError, match="presentation context id 1 occurs twice"):
        rq(context_item(1, ABSTRACT, TRANSFER), context_item(1, ABSTRACT, TRANSFER))
    with pytest.raises(PDUError, match="presentation context id 1 occurs twice"):
        ac(context_item(1, TRANSFER, kind=0x21), context_item(1, TRANSFER, kind=0x21))


def test_d07_128_contexts_but_not_129() -> None:
    all_ids = [context_item(number, ABSTRACT, TRANSFER) for number in range(1, 256, 2)]
    assert len(rq(*all_ids).contexts) == 128
    with pytest.raises(PDUError, match="occurs twice"):
        rq(*all_ids, context_item(255, ABSTRACT, TRANSFER))


@pytest.mark.parametrize("syntaxes", [(), (TRANSFER, TRANSFER)])
def test_accepted_context_has_one_transfer_syntax(syntaxes: tuple[bytes, ...]) -> None:
    with pytest.raises(PDUError, match=f"context 1: accepted with {len(syntaxes)} transfer"):
        ac(context_item(1, *syntaxes, kind=0x21))


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("", "no PDV item"),
        ("00000002 01", "5 bytes left, no room for a PDV header"),
        ("00000000 0103", "PDV item length 0 at byte 0 of 6"),
        ("00000001 0103", "PDV item length 1 at byte 0 of 6"),
        ("00000003 0103", "PDV item length 3 at byte 0 of 6"),
        ("7fffffff 0103", "PDV item length 2147483647"),
        ("ffffffff 0103", "PDV item length 4294967295"),
        ("00000002 0103 ffffffff 0103", "PDV item length 4294967295 at byte 6 of 12"),
    ],
)
def test_d20_pdv_length(field: str, text: str) -> None:
    with pytest.raises(PDUError, match=f"^P-DATA-TF: .*{text}") as refused:
        decode.decode_p_data(memoryview(bytes.fromhex(field)))
    assert refused.value.reason is AbortReason.INVALID_PDU_PARAMETER


def test_d23_pdvs_of_one_pdu_have_a_bound() -> None:
    empty = bytes.fromhex("00000002 0100")
    most = memoryview(empty * decode.MAX_PDVS)
    assert len(decode.decode_p_data(most).pdvs) == decode.MAX_PDVS
    with pytest.raises(PDUError, match="more than 4096 PDVs in one PDU") as refused:
        decode.decode_p_data(memoryview(empty * (decode.MAX_PDVS + 1)))
    assert refused.value.reason is AbortReason.INVALID_PDU_PARAMETER


def test_empty_pdv_is_one() -> None:
    [pdv] = decode.decode_p_data(memoryview(bytes.fromhex("00000002 01 02"))).pdvs
    assert pdv == (1, False, True, b"")


@pytest.mark.parametrize("length", [0, 3, 5])
@pytest.mark.parametrize(
    "read", [decode.decode_associate_rj, decode.decode_abort, decode.decode_release]
)
def test_short_pdus_have_four_bytes(read: Callable[[memoryview], object], length: int) -> None:
    with pytest.raises(PDUError, match=f"PDU length {length}, the standard says 4"):
        read(memoryview(bytes(length)))


# Whatever the bytes


@given(st.binary(max_size=300), st.integers(0, len(ASSOCIATE_RQ)))
def test_nothing_but_pdu_errors_escape(noise: bytes, cut: int) -> None:
    texts = [""]
    for start, read in (
        (ASSOCIATE_RQ, decode.decode_associate_rq),
        (ASSOCIATE_AC, decode.decode_associate_ac),
        (b"", decode.decode_p_data),
    ):
        try:
            read(memoryview(start[HEADER_LENGTH:cut] + noise))
        except PDUError as error:
            texts.append(str(error))
    assert "".join(texts).isascii()
    assert "".join(texts).isprintable()
