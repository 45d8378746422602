import pytest
from pacsd_store_s3.blocks import BLOCK_BYTES
from pacsd_store_s3.ranges import in_blocks, shifted, wanted_ranges

from pacsd.api.errors import StoreError
from pacsd.api.store import ByteRange


def test_without_ranges_it_is_the_whole() -> None:
    assert list(wanted_ranges(None, 5)) == [ByteRange(0, 5)]
    assert list(wanted_ranges([], 5)) == []


@pytest.mark.parametrize("wanted", [ByteRange(-1, 1), ByteRange(0, -1), ByteRange(3, 3)])
def test_what_lies_outside_is_refused(wanted: ByteRange) -> None:
    with pytest.raises(StoreError, match="range outside"):
        wanted_ranges([wanted], 5)


def test_ranges_shift() -> None:
    assert shifted([ByteRange(1, 2)], 10) == [ByteRange(11, 2)]


def test_ranges_are_cut_where_blocks_end() -> None:
    parts = list(in_blocks([ByteRange(BLOCK_BYTES - 1, BLOCK_BYTES + 2), ByteRange(5, 0)]))
    assert parts == [
        (0, slice(BLOCK_BYTES - 1, BLOCK_BYTES)),
        (1, slice(0, BLOCK_BYTES)),
        (2, slice(0, 1)),
    ]
