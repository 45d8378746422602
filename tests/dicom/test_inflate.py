import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.errors import InflateError
from pacsd.dicom.inflate import MAX_INFLATED_BYTES, RATIO_FREE_BYTES, Inflater, inflate
from pacsd.dicom.quirks import QuirkKind
from tests.dicom.corpus import objects
from tests.dicom.written import deflate


def kinds(data: bytes) -> set[QuirkKind]:
    return {quirk.kind for quirk in inflate(data)[1]}


@given(st.binary(max_size=4096), st.integers(1, 64))
def test_round_trip_in_pieces(data: bytes, size: int) -> None:
    deflated = deflate(data)
    assert inflate(deflated) == (data, ())
    inflater = Inflater()
    pieces = (deflated[at : at + size] for at in range(0, len(deflated), size))
    assert b"".join(map(inflater.inflate, pieces)) == data
    assert inflater.is_complete
    assert inflater.quirks == ()


def test_large_data_comes_out_whole() -> None:
    data = bytes(range(256)) * 20_000 + bytes(3 * 1024 * 1024)
    assert inflate(memoryview(deflate(data))) == (data, ())


def test_deflated_files_of_the_corpus() -> None:
    deflated = [each for each in objects() if each.syntax.is_deflated]
    assert deflated
    for each in deflated:
        assert each.inflated == zlib.decompress(each.data_set, -zlib.MAX_WBITS)


def test_one_byte_of_padding_is_no_quirk() -> None:
    assert kinds(deflate(b"abc") + b"\0") == set()


@pytest.mark.parametrize("rest", [b"\0\0", b"garbage", b"\x01", deflate(b"a second stream")])
def test_what_stands_behind_the_stream_is_left_alone(rest: bytes) -> None:
    inflated, (quirk,) = inflate(deflate(b"abc") + rest)
    assert inflated == b"abc"
    assert quirk.kind is QuirkKind.TRAILING_BYTES
    inflater = Inflater()
    assert inflater.inflate(deflate(b"abc")) == b"abc"
    assert [inflater.inflate(bytes((byte,))) for byte in rest] == [b""] * len(rest)
    assert {each.kind for each in inflater.quirks} == {QuirkKind.TRAILING_BYTES}


def test_a_zlib_header_is_taken() -> None:
    data = deflate(b"abc" * 100, zlib.MAX_WBITS)
    assert inflate(data)[0] == b"abc" * 100
    assert kinds(data) == {QuirkKind.ZLIB_HEADER}
    inflater = Inflater()
    assert b"".join(inflater.inflate(data[at : at + 1]) for at in range(len(data))) == b"abc" * 100


def test_a_stream_that_ends_early_gives_what_there_is() -> None:
    data = bytes(range(256)) * 64
    inflated, (quirk,) = inflate(deflate(data)[:-10])
    assert data.startswith(inflated)
    assert quirk.kind is QuirkKind.TRUNCATED
    assert inflate(b"") == (b"", inflate(b"\x03")[1])


def test_broken_streams_are_refused() -> None:
    with pytest.raises(InflateError, match=r"after 0 inflated bytes \(PS3.5 section A.5\)"):
        inflate(b"\xff\xff\xff\xff")
    with pytest.raises(InflateError, match="incorrect data check"):
        inflate(deflate(b"abc", zlib.MAX_WBITS)[:-1] + b"!")


def test_a_bomb_is_stopped_by_its_ratio() -> None:
    bomb = deflate(bytes(256 * 1024 * 1024))
    assert len(bomb) < 300_000
    started = time.process_time()
    with pytest.raises(InflateError, match=r"more than 200:1"):
        inflate(bomb)
    assert time.process_time() - started < 1


def test_a_bomb_is_stopped_by_its_size() -> None:
    bomb = deflate(bytes(MAX_INFLATED_BYTES + 1))
    started = time.process_time()
    with pytest.raises(InflateError, match=f"more than {MAX_INFLATED_BYTES} bytes inflated"):
        inflate(bomb, max_ratio=2000)
    assert time.process_time() - started < 1


def test_what_just_fits_is_no_bomb() -> None:
    data = bytes(RATIO_FREE_BYTES)
    assert inflate(deflate(data), max_bytes=len(data)) == (data, ())
    with pytest.raises(InflateError, match="bytes inflated"):
        inflate(deflate(data), max_bytes=len(data) - 1)


def test_a_prefix_is_all_that_is_asked_for() -> None:
    inflater = Inflater(max_bytes=1000, is_prefix=True)
    deflated = deflate(bytes(range(256)) * 1000)
    pieces = [inflater.inflate(deflated[at : at + 7]) for at in range(0, len(deflated), 7)]
    assert b"".join(pieces) == (bytes(range(256)) * 4)[:1000]
    assert inflater.is_full
    assert not inflater.is_complete
