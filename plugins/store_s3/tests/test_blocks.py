import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacsd_store_s3.blocks import BLOCK_BYTES, BlockTable, Digesting, decode_table, sha256_hex

CONTENT = bytes(range(256)) * (BLOCK_BYTES // 256) * 2 + b"the end"


def table() -> BlockTable:
    digesting = Digesting()
    for start in range(0, len(CONTENT), 1_000_003):
        digesting.update(CONTENT[start : start + 1_000_003])
    assert digesting.hexdigest() == sha256_hex(CONTENT) == hashlib.sha256(CONTENT).hexdigest()
    return digesting.table()


def test_each_block_is_known() -> None:
    found = decode_table(table().encode())
    assert list(found.digests) == list(table().digests)
    assert [found.length_of(index) for index in range(3)] == [BLOCK_BYTES, BLOCK_BYTES, 7]
    assert found.is_block(2, b"the end")
    assert not found.is_block(2, b"the enD")


@given(st.binary(max_size=200))
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="table of blocks"):
        decode_table(data)


def test_a_damaged_table_is_refused() -> None:
    data = bytearray(table().encode())
    data[40] ^= 1
    with pytest.raises(ValueError, match="not a table"):
        decode_table(bytes(data))
    with pytest.raises(ValueError, match="1 digests for 0 bytes"):
        decode_table(BlockTable(0, (bytes(32),)).encode())


def test_an_empty_object_has_no_blocks() -> None:
    assert not decode_table(Digesting().table().encode()).digests
