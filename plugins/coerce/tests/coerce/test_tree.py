from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.tree import (
    LONG_BYTES,
    MAX_DEPTH,
    DataSet,
    Element,
    Sequence,
    Span,
    encoded,
    read_data_set,
)

from pacsd.dicom.headers import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, Layout
from pacsd.dicom.vr import VR
from tests.coerced_trees import items, raw, tree

TEXT = st.binary(max_size=20).map(lambda value: value + b" " * (len(value) & 1))
LEAVES = st.dictionaries(
    st.sampled_from([0x00100010, 0x00080080, 0x00204000, 0x00291010, 0x00180050]),
    st.builds(Element, st.just(VR.LO), TEXT),
    max_size=4,
)


def nested(layout: Layout) -> st.SearchStrategy[DataSet]:
    def around(inner: st.SearchStrategy[DataSet]) -> st.SearchStrategy[DataSet]:
        lists = st.lists(inner, max_size=3)
        sequence = lists.map(lambda found: Element(VR.SQ, Sequence(layout, found)))
        tags = st.sampled_from([0x00081140, 0x00400275])
        return st.builds(
            lambda leaves, more: {**leaves, **more},
            LEAVES,
            st.dictionaries(tags, sequence, max_size=2),
        )

    return st.recursive(LEAVES, around, max_leaves=10)


@pytest.mark.parametrize("layout", [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG])
@given(data=st.data())
def test_what_is_written_is_read_again(layout: Layout, data: st.DataObject) -> None:
    written = encoded(data.draw(nested(layout)), layout)
    read = read_data_set(BytesIO(written), 0, len(written), layout)
    assert encoded(read, layout) == written


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for layout in (EXPLICIT_LITTLE, IMPLICIT_LITTLE):
        try:
            read = read_data_set(BytesIO(data), 0, len(data), layout)
        except NotCoerced:
            continue
        assert isinstance(encoded(read, layout), bytes)


def test_sequences_of_undefined_length_are_read_like_others() -> None:
    leaf = encoded(tree(CodeValue="A"), EXPLICIT_LITTLE)
    undefined = b"\xff\xff\xff\xff"
    data = (
        b"\x08\x00\x40\x11SQ\0\0" + undefined
        + b"\xfe\xff\x00\xe0" + undefined + leaf + b"\xfe\xff\x0d\xe0\0\0\0\0"
        + b"\xfe\xff\xdd\xe0\0\0\0\0"
    )  # fmt: skip
    read = read_data_set(BytesIO(data), 0, len(data), EXPLICIT_LITTLE)
    [item] = items(read, "ReferencedImageSequence")
    assert raw(item, "CodeValue") == b"A"
    for cut in range(1, len(data)):
        with pytest.raises(NotCoerced):
            read_data_set(BytesIO(data[:cut]), 0, cut, EXPLICIT_LITTLE)


def test_a_sequence_as_un_stays_in_implicit_vr() -> None:
    item = encoded(tree(CodeValue="A "), IMPLICIT_LITTLE)
    value = b"\xfe\xff\x00\xe0" + len(item).to_bytes(4, "little") + item
    data = b"\x08\x00\x40\x11UN\0\0" + len(value).to_bytes(4, "little") + value
    read = read_data_set(BytesIO(data), 0, len(data), EXPLICIT_LITTLE)
    assert raw(items(read, "ReferencedImageSequence")[0], "CodeValue") == b"A"
    assert encoded(read, EXPLICIT_LITTLE) == data


def test_long_values_and_fragments_stay_in_the_file() -> None:
    pixels = bytes(LONG_BYTES + 2)
    fragments = b"\xfe\xff\x00\xe0\0\0\0\0" + b"\xfe\xff\x00\xe0\x02\0\0\0ab"
    encapsulated = (
        b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + fragments + b"\xfe\xff\xdd\xe0\0\0\0\0"
    )
    for data in (
        b"\xe0\x7f\x10\x00OW\0\0" + len(pixels).to_bytes(4, "little") + pixels,
        encapsulated,
    ):
        file = BytesIO(data)
        read = read_data_set(file, 0, len(data), EXPLICIT_LITTLE)
        assert isinstance(read[0x7FE00010].value, Span)
        assert encoded(read, EXPLICIT_LITTLE) == data


def test_a_file_that_becomes_shorter_is_not_filled_up() -> None:
    file = BytesIO(b"x" * 10)
    span = {0x7FE00010: Element(VR.OB, Span(file, 4, 10))}
    with pytest.raises(OSError, match="shorter"):
        encoded(span, EXPLICIT_LITTLE)


def test_group_lengths_are_left_out() -> None:
    data = b"\x08\x00\x00\x00UL\x04\x00\x10\0\0\0" + encoded(tree(Modality="CT"), EXPLICIT_LITTLE)
    read = read_data_set(BytesIO(data), 0, len(data), EXPLICIT_LITTLE)
    assert list(read) == [0x00080060]


def test_what_nests_without_end_is_refused() -> None:
    data_set = tree(CodeValue="A")
    for _ in range(MAX_DEPTH + 1):
        data_set = {0x00081140: Element(VR.SQ, Sequence(EXPLICIT_LITTLE, [data_set]))}
    data = encoded(data_set, EXPLICIT_LITTLE)
    with pytest.raises(NotCoerced, match="nest deeper than 64"):
        read_data_set(BytesIO(data), 0, len(data), EXPLICIT_LITTLE)


def test_a_value_too_long_for_its_vr_is_unknown() -> None:
    written = encoded({0x00204000: Element(VR.LO, bytes(70_000))}, EXPLICIT_LITTLE)
    assert written[4:6] == b"UN"
