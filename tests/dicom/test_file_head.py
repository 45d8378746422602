"""The head of a DICOM file, however it comes."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.errors import Part10Error
from pacsd.dicom.file_head import MAX_HEAD_BYTES, FileHead, WholeHead
from pacsd.dicom.part10 import (
    MAX_META_LENGTH_BYTES,
    PREAMBLE_LENGTH_BYTES,
    FileMeta,
    encode_file_meta,
)

META = FileMeta("1.2.840.10008.5.1.4.1.1.2", "2.25.1", "1.2.840.10008.1.2.1", "2.25.2")
PREAMBLE = b"II*\0" + bytes(124)
DATA_SET = b"\x08\x00\x16\x00UI\x02\x001\0" + bytes(200)
BARE = PREAMBLE_LENGTH_BYTES + len(b"DICM")


def longest() -> FileMeta:
    """As much as a group may have: the private information fills it."""
    empty = replace(META, private_information_creator_uid="1.2", private_information=b"12")
    length = len(encode_file_meta(empty)) - BARE
    return replace(empty, private_information=bytes(MAX_META_LENGTH_BYTES - length + 2))


def taken(head: FileHead, pieces: Iterable[bytes]) -> tuple[WholeHead, bytes]:
    """The head, and the data set: what came with it, and what came then."""
    found, behind = None, []
    for piece in pieces:
        if found is None:
            found = head.feed(memoryview(piece))
        else:
            behind.append(piece)
    found = found or head.end()
    return found, found.begun + b"".join(behind)


def divided(file: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = [0, *sorted(cuts), len(file)]
    return [file[start:stop] for start, stop in pairwise(places)]


FILES = st.tuples(
    st.sampled_from([META, longest()]),
    st.sampled_from([b"", DATA_SET, DATA_SET + bytes(MAX_HEAD_BYTES)]),
)


@given(st.data(), FILES, st.booleans())
def test_it_is_the_same_however_it_comes(
    data: st.DataObject, file: tuple[FileMeta, bytes], is_bare: bool
) -> None:
    meta, data_set = file
    raw = encode_file_meta(meta) if is_bare else encode_file_meta(meta, PREAMBLE)
    whole = raw[BARE * is_bare :] + data_set
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=20))
    found, behind = taken(FileHead(may_lack_preamble=is_bare), divided(whole, cuts))
    assert (found.meta, found.raw, behind) == (meta, raw, data_set)
    assert found.preamble == raw[:PREAMBLE_LENGTH_BYTES]


def read(pieces: Iterable[bytes]) -> object:
    """The head and the data set, or why there is none."""
    try:
        return taken(FileHead(), pieces)
    except Part10Error as error:
        return str(error)


@given(st.data(), st.integers(0, len(encode_file_meta(META))), st.binary(max_size=300))
def test_any_bytes_are_a_head_or_refused_however_they_come(
    data: st.DataObject, length: int, tail: bytes
) -> None:
    raw = encode_file_meta(META)[:length] + tail
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=5))
    assert read([raw]) == read(divided(raw, cuts))


def test_no_byte_more_is_waited_for_than_any_head_needs() -> None:
    raw = encode_file_meta(longest())
    assert len(raw) == MAX_HEAD_BYTES - 12
    whole = raw + DATA_SET
    head = FileHead()
    assert head.feed(whole[: MAX_HEAD_BYTES - 1]) is None
    found = head.feed(whole[MAX_HEAD_BYTES - 1 : MAX_HEAD_BYTES])
    assert found is not None
    assert (found.raw, found.begun) == (raw, DATA_SET[:12])


@pytest.mark.parametrize("may_lack_preamble", [False, True])
@pytest.mark.parametrize("raw", [b"", b"\x02", b"no DICOM", bytes(PREAMBLE_LENGTH_BYTES) + b"DIC"])
def test_what_is_no_file(raw: bytes, may_lack_preamble: bool) -> None:
    with pytest.raises(Part10Error, match="no DICM"):
        taken(FileHead(may_lack_preamble=may_lack_preamble), [raw])


def test_without_a_preamble_it_is_a_file_only_where_that_is_tolerated() -> None:
    bare = encode_file_meta(META)[BARE:] + DATA_SET
    with pytest.raises(Part10Error, match="no DICM"):
        taken(FileHead(), [bare])
    # A preamble may begin as group 2 does.
    preamble = bare[:2] + bytes(126)
    raw = encode_file_meta(META, preamble)
    found, behind = taken(FileHead(may_lack_preamble=True), [raw + DATA_SET])
    assert (found.raw, behind) == (raw, DATA_SET)


def test_w08_a_head_without_an_end_is_refused_with_bounded_memory() -> None:
    head = FileHead()
    endless = bytes.fromhex("02000001 4f420000 fffffff0")  # (0002,0100), 4,042,322,175 bytes
    assert head.feed(bytes(PREAMBLE_LENGTH_BYTES) + b"DICM" + endless) is None
    with pytest.raises(Part10Error, match="past 65536 bytes"):
        head.feed(bytes(4 * MAX_HEAD_BYTES))
