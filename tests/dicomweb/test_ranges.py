import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.errors import RangeNotSatisfiable
from pacsd.dicomweb.ranges import MAX_RANGES, ByteRange, byte_ranges


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, []),
        ("bytes=0-499", [(0, 500)]),
        ("Bytes=500-999", [(500, 1000)]),
        ("bytes=-500", [(500, 1000)]),
        ("bytes=-5000", [(0, 1000)]),
        ("bytes=990-", [(990, 1000)]),
        ("bytes=0-0,-1", [(0, 1), (999, 1000)]),
        ("bytes= 0-0 , , 2-2 ", [(0, 1), (2, 3)]),
        ("bytes=500-600,601-999", [(500, 1000)]),
        ("bytes=500-700,0-9,601-650", [(0, 10), (500, 701)]),
        ("bytes=0-9,2000-3000", [(0, 10)]),
        ("bytes=9-999999999999999999", [(9, 1000)]),
        # What is no range is answered with the whole.
        ("", []),
        ("items=0-9", []),
        ("bytes", []),
        ("bytes=", []),
        ("bytes=,", []),
        ("bytes=-", []),
        ("bytes=9-0", []),
        ("bytes=0-9,9-0", []),
        ("bytes=a-b", []),
        ("bytes=+1-2", []),
        ("bytes=1 -2", []),
        ("bytes=0-9;x", []),
        ("bytes=\u0661-2", []),
        ("bytes=0-" + "9" * 19, []),
        ("bytes=0-" + "9" * 5000, []),
    ],
)
def test_ranges(header: str | None, expected: list[tuple[int, int]]) -> None:
    assert byte_ranges(header, 1000) == tuple(ByteRange(*each) for each in expected)


@pytest.mark.parametrize("header", ["bytes=-0", "bytes=1000-", "bytes=5000-6000,-0"])
def test_w06_no_byte_in_it(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable, match=r"^Range: .* has no byte of 1000") as refused:
        byte_ranges(header, 1000)
    assert refused.value.size == 1000


def test_an_empty_representation_has_no_range() -> None:
    with pytest.raises(RangeNotSatisfiable):
        byte_ranges("bytes=0-", 0)
    assert byte_ranges(None, 0) == ()


def test_w06_ten_thousand_overlapping_ranges() -> None:
    assert byte_ranges("bytes=" + ",".join(["0-"] * MAX_RANGES), 1000) == (ByteRange(0, 1000),)
    assert byte_ranges("bytes=" + ",".join(["0-"] * (MAX_RANGES + 1)), 1000) == ()
    started = time.perf_counter()
    assert byte_ranges("bytes=" + ",".join(["0-999"] * 10_000), 1000) == ()
    assert time.perf_counter() - started < 0.1


def test_content_range() -> None:
    assert ByteRange(500, 1000).content_range(1234) == "bytes 500-999/1234"


BOUNDS = st.integers(0, 30)


@given(st.lists(st.tuples(BOUNDS, BOUNDS).map(sorted), min_size=1, max_size=8), BOUNDS)
def test_the_same_bytes_each_once(pairs: list[list[int]], size: int) -> None:
    header = "bytes=" + ",".join(f"{first}-{last}" for first, last in pairs)
    asked = {place for first, last in pairs for place in range(first, last + 1) if place < size}
    if not asked:
        with pytest.raises(RangeNotSatisfiable):
            byte_ranges(header, size)
        return
    told = [place for each in byte_ranges(header, size) for place in range(each.start, each.stop)]
    assert told == sorted(asked)


@given(st.text(st.sampled_from("bytes=0123456789-, \t")).map("bytes={}".format), BOUNDS)
def test_any_text_is_ranges_or_the_whole(header: str, size: int) -> None:
    try:
        found = byte_ranges(header, size)
    except RangeNotSatisfiable:
        return
    assert all(0 <= each.start < each.stop <= size for each in found)
