import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.ul.errors import AbortReason, PDUError
from pacsd.ul.pdu import HEADER_LENGTH, MAX_ASSOCIATE_LENGTH
from pacsd.ul.reader import PDUReader
from tests.ul.transcripts import ASSOCIATE_RQ, P_DATA_TF, RELEASE_RQ, abort_pdu

MAX_LENGTH = 1024
STREAM = ASSOCIATE_RQ + P_DATA_TF * 3 + RELEASE_RQ + abort_pdu(0, 0)


def reader(*, is_strict: bool = False) -> PDUReader:
    return PDUReader(MAX_LENGTH, is_strict=is_strict)


def read_all(source: PDUReader, now: float = 0.0) -> list[tuple[int, bytes]]:
    pdus = []
    while (received := source.next_pdu(now)) is not None:
        pdus.append((received[0], bytes(received[1])))
    return pdus


def header(pdu_type: int, length: int) -> bytes:
    return bytes((pdu_type, 0)) + length.to_bytes(4, "big")


def whole(data: bytes) -> list[tuple[int, bytes]]:
    source = reader()
    source.feed(data)
    return read_all(source)


@given(st.lists(st.integers(0, len(STREAM)), max_size=8).map(sorted))
def test_any_split_gives_the_same_pdus(cuts: list[int]) -> None:
    source = reader()
    pdus = []
    for start, end in zip([0, *cuts], [*cuts, len(STREAM)], strict=True):
        source.feed(STREAM[start:end])
        pdus += read_all(source)
    assert pdus == whole(STREAM)
    assert source.incomplete_since is None


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3), st.booleans())))
def test_any_order_of_feeding_reading_and_holding(steps: list[tuple[int, int, bool]]) -> None:
    """Also when more is fed before all was read, from one buffer that is used again if held."""
    source = reader()
    expected = whole(STREAM)
    pdus: list[tuple[int, bytes]] = []
    position = 0
    for size, reads, is_held in steps:
        lent = bytearray(STREAM[position : position + size])
        position += len(lent)
        source.feed(lent)
        for _ in range(reads):
            received = source.next_pdu(0.0)
            if received is not None:
                pdus.append((received[0], bytes(received[1])))
        if is_held:
            received = None
            source.hold()
            lent[:] = b"\xff" * len(lent)
            lent.clear()
    source.feed(STREAM[position:])
    assert pdus + read_all(source) == expected


def test_one_byte_at_a_time() -> None:
    source = reader()
    pdus = []
    for number in range(len(STREAM)):
        source.feed(STREAM[number : number + 1])
        pdus += read_all(source)
    assert pdus == whole(STREAM)


def test_whole_pdus_are_not_copied() -> None:
    data = bytearray(P_DATA_TF)
    source = reader()
    source.feed(data)
    received = source.next_pdu(0.0)
    assert received is not None
    data[-1] ^= 0xFF
    assert received[1][-1] == data[-1]


@pytest.mark.parametrize("tail", [b"", b"\x04", P_DATA_TF[:-1]])
def test_lent_buffer_is_not_kept(tail: bytes) -> None:
    data = bytearray(P_DATA_TF + tail)
    source = reader()
    source.feed(data)
    assert read_all(source) == [(4, P_DATA_TF[HEADER_LENGTH:])]
    data.clear()  # a BufferError if a view of it were alive
    source.feed(P_DATA_TF[len(tail) :])
    assert read_all(source) == [(4, P_DATA_TF[HEADER_LENGTH:])]


def test_views_lent_out_survive_the_next_feed() -> None:
    source = reader()
    source.feed(P_DATA_TF[:8])
    assert source.next_pdu(0.0) is None
    source.feed(P_DATA_TF[8:] + P_DATA_TF[:8])
    received = source.next_pdu(0.0)
    assert received is not None
    assert source.next_pdu(0.0) is None
    source.feed(P_DATA_TF[8:])
    assert source.next_pdu(0.0) is not None
    assert bytes(received[1]) == P_DATA_TF[HEADER_LENGTH:]


def test_incomplete_since_its_first_byte() -> None:
    source = reader()
    source.feed(P_DATA_TF + P_DATA_TF[:1])
    read_all(source, now=1.0)
    for now, byte in enumerate(P_DATA_TF[1:-1], start=2):
        source.feed(bytes((byte,)))
        read_all(source, now=float(now))
        assert source.incomplete_since == 1.0
    source.feed(P_DATA_TF[-1:] + P_DATA_TF[:1])
    assert len(read_all(source, now=99.0)) == 1
    assert source.incomplete_since == 99.0


def test_resumed_starts_the_wait_anew() -> None:
    source = reader()
    source.resumed(1.0)
    assert source.incomplete_since is None
    source.feed(P_DATA_TF[:1])
    read_all(source, now=2.0)
    source.resumed(5.0)
    assert source.incomplete_since == 5.0


def test_clear_forgets_everything() -> None:
    source = reader()
    source.feed(P_DATA_TF[:7])
    read_all(source)
    source.clear()
    assert source.incomplete_since is None
    source.feed(RELEASE_RQ)
    assert read_all(source) == [(5, bytes(4))]


# Lengths are judged by the header alone

REFUSED = [
    (header(1, MAX_ASSOCIATE_LENGTH + 1), AbortReason.INVALID_PDU_PARAMETER),
    (header(1, 0xFFFFFFFF), AbortReason.INVALID_PDU_PARAMETER),
    (header(2, 0xFFFFFFFF), AbortReason.INVALID_PDU_PARAMETER),
    (header(3, 5), AbortReason.INVALID_PDU_PARAMETER),
    (header(4, 2 * MAX_LENGTH + 1), AbortReason.INVALID_PDU_PARAMETER),
    (header(5, 0), AbortReason.INVALID_PDU_PARAMETER),
    (header(6, 0xFFFFFFFF), AbortReason.INVALID_PDU_PARAMETER),
    (header(7, 3), AbortReason.INVALID_PDU_PARAMETER),
    (header(0, 4), AbortReason.UNRECOGNIZED_PDU),
    (header(8, 4), AbortReason.UNRECOGNIZED_PDU),
    (header(255, 4), AbortReason.UNRECOGNIZED_PDU),
    (b"GET / HTTP/1.1\r\n", AbortReason.UNRECOGNIZED_PDU),
    (bytes.fromhex("160301020001"), AbortReason.UNRECOGNIZED_PDU),
]


@pytest.mark.parametrize(("data", "reason"), REFUSED, ids=lambda value: repr(value)[:30])
def test_d03_d04_refused_by_the_header(data: bytes, reason: AbortReason) -> None:
    source = reader()
    source.feed(data)
    with pytest.raises(PDUError) as refused:
        source.next_pdu(0.0)
    assert refused.value.reason is reason


@pytest.mark.parametrize("pdu_type", [1, 2])
def test_d04_what_is_kept_is_what_was_received(pdu_type: int) -> None:
    source = reader()
    source.feed(header(pdu_type, MAX_ASSOCIATE_LENGTH))
    assert source.next_pdu(0.0) is None
    for received in range(1, 100):
        source.feed(b"x")
        assert source.next_pdu(0.0) is None
        assert len(source._kept) == HEADER_LENGTH + received


@pytest.mark.parametrize("length", [MAX_LENGTH + 1, 2 * MAX_LENGTH])
def test_d19_up_to_twice_what_we_announced_is_counted(length: int) -> None:
    source = reader()
    source.feed(header(4, length) + bytes(length - 1))
    assert source.next_pdu(0.0) is None
    assert source.oversized_pdus == 0
    source.feed(bytes(1))
    assert source.next_pdu(0.0) is not None
    assert source.oversized_pdus == 1


def test_d19_strict_refuses_at_once() -> None:
    source = reader(is_strict=True)
    source.feed(header(4, MAX_LENGTH + 1))
    with pytest.raises(PDUError, match=r"length 1025, announced were 1024 \(PS3.8 Annex D.1\)"):
        source.next_pdu(0.0)


def test_limit_holds_from_now_on() -> None:
    source = reader()
    source.limit(2048, is_strict=True)
    source.feed(header(4, 2048) + bytes(2048))
    assert source.next_pdu(0.0) is not None
    assert source.oversized_pdus == 0
    source.feed(header(4, 2049))
    with pytest.raises(PDUError):
        source.next_pdu(0.0)
