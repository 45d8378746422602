import pytest
from pacsd_s3_client.faults import FarError
from pacsd_store_s3.keys import Names
from pacsd_store_s3.segments import Segments

from tests.far_stores import far_memory


async def test_records_are_put_once() -> None:
    segments = Segments(far_memory(), Names("p/"))
    assert await segments.put(0, [b"a", b"b"]) == 2
    assert await segments.put(2, [b"c"]) == 1
    assert [first async for first in segments.firsts()] == [0, 2]
    assert await segments.get(0) == [b"a", b"b"]
    # One that was put although nobody heard of it.
    assert await segments.put(2, [b"c", b"d"]) == 1
    with pytest.raises(FarError, match=r"other records .* from number 2 on"):
        await segments.put(2, [b"x", b"d"])


async def test_other_bytes_are_told() -> None:
    far, names = far_memory(), Names()
    await far.put_new(names.segment(0), b"a\n", "digest of something else")
    with pytest.raises(FarError, match="segment 0 is not what was stored"):
        await Segments(far, names).get(0)
