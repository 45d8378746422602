import warnings
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from pacsd.dicom.errors import ScanError
from pacsd.dicom.headers import ITEM, UNDEFINED_LENGTH
from pacsd.dicom.quirks import QuirkCounter, QuirkKind
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.walk import MAX_DEPTH, Path, Walked, walk
from tests.dicom.corpus import objects
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT, element, item, sequence

SYNTAXES = [IMPLICIT, EXPLICIT, BIG]
SQ = 0x00081140
UID = 0x00081155


def keyword(syntax: TransferSyntax) -> str:
    return syntax.keyword


def walked(
    data: bytes, syntax: TransferSyntax = EXPLICIT, quirks: QuirkCounter | None = None
) -> list[tuple[Path, int, str | None, bytes | None]]:
    """(path, tag, VR, value); no value where its length is undefined."""
    return [
        (path, each.tag, each.vr, data[each.offset : each.offset + each.length])
        if not each.is_undefined_length
        else (path, each.tag, each.vr, None)
        for path, each in walk(data, syntax, quirks=quirks)
    ]


def kinds(data: bytes, syntax: TransferSyntax = EXPLICIT) -> set[QuirkKind]:
    counter = QuirkCounter()
    list(walk(data, syntax, quirks=counter))
    return {quirk.kind for quirk in counter.result()}


@pytest.mark.parametrize("syntax", SYNTAXES, ids=keyword)
@pytest.mark.parametrize("is_undefined", [True, False])
def test_into_sequences_and_out_again(syntax: TransferSyntax, is_undefined: bool) -> None:
    uid = element(UID, "UI", b"1.2 ", syntax)
    inner = sequence(SQ, item(uid, syntax), syntax, is_undefined=is_undefined)
    items = item(uid + inner, syntax, is_undefined=is_undefined) + item(b"", syntax) + item(uid)
    items = items if syntax is not BIG else items[: -len(item(uid))] + item(uid, syntax)
    data = sequence(SQ, items, syntax, is_undefined=is_undefined) + uid
    paths = [(path, each.tag) for path, each in walk(data, syntax)]
    assert paths[:5] == [
        ((), SQ),
        (((SQ, 0),), UID),
        (((SQ, 0),), SQ),
        (((SQ, 0), (SQ, 0)), UID),
        (((SQ, 2),), UID),
    ]
    assert paths[5:] == [((), UID)]


# Trees of data sets: (tag, VR, value) or (tag, "SQ", items).
Tree = list[tuple[int, str, "bytes | list[Tree]", bool]]
VALUES = st.binary(max_size=12).map(lambda value: value + bytes(len(value) % 2))
LEAVES = st.tuples(
    st.sampled_from([0x00080016, 0x00081155, 0x00100010, 0x00280010, 0x00420011]),
    st.sampled_from(["UI", "PN", "US", "OB", "UT"]),
    VALUES,
    st.just(False),
)
TREES = st.recursive(
    st.lists(LEAVES, max_size=3),
    lambda trees: st.lists(
        LEAVES
        | st.tuples(
            st.sampled_from([0x00081140, 0x00089215, 0x0040A730]),
            st.just("SQ"),
            st.lists(trees, max_size=3),
            st.booleans(),
        ),
        max_size=4,
    ),
    max_leaves=12,
)


def write(tree: Tree, syntax: TransferSyntax) -> bytes:
    parts = []
    for tag, vr, value, is_undefined in tree:
        if isinstance(value, bytes):
            parts.append(element(tag, vr, value, syntax))
        else:
            items = (item(write(each, syntax), syntax, is_undefined=is_undefined) for each in value)
            parts.append(sequence(tag, b"".join(items), syntax, is_undefined=is_undefined))
    return b"".join(parts)


def read_back(tree: Tree, syntax: TransferSyntax, path: Path = ()) -> Iterator[tuple[object, ...]]:
    for tag, vr, value, _ in tree:
        shown = None if syntax.is_implicit_vr else vr
        if isinstance(value, bytes):
            yield path, tag, shown, value
        else:
            yield path, tag, shown, None
            for number, each in enumerate(value):
                yield from read_back(each, syntax, (*path, (tag, number)))


@given(TREES, st.sampled_from(SYNTAXES))
def test_what_was_written_is_walked(tree: Tree, syntax: TransferSyntax) -> None:
    found = [
        (path, tag, vr, value if tag not in {SQ, 0x00089215, 0x0040A730} else None)
        for path, tag, vr, value in walked(write(tree, syntax), syntax)
    ]
    assert found == list(read_back(tree, syntax))
    assert kinds(write(tree, syntax), syntax) == set()


def test_stop_tag_counts_outside_sequences_only() -> None:
    late = element(0x7FE00010, "OW", b"1234")
    data = sequence(SQ, item(late)) + element(0x00100010, "PN", b"A^B ") + late
    tags = [each.tag for _, each in walk(data, EXPLICIT, stop_before=0x00100010)]
    assert tags == [SQ, 0x7FE00010]


@pytest.mark.parametrize("vr", ["OB", "OW", "UN"])
def test_fragments_are_passed_over(vr: str) -> None:
    fragments = item(b"") + item(b"\xfe\xff\xdd\xe0\0\0\0\0")
    data = sequence(0x7FE00010, fragments, vr=vr, is_undefined=True)
    data += element(0xFFFCFFFC, "OB", b"")
    assert [each.tag for _, each in walk(data, EXPLICIT)] == [0x7FE00010, 0xFFFCFFFC]


@pytest.mark.parametrize("inner", [IMPLICIT, EXPLICIT], ids=keyword)
@pytest.mark.parametrize("outer", [EXPLICIT, BIG], ids=keyword)
def test_a_sequence_as_un_is_implicit_whatever_is_around(
    outer: TransferSyntax, inner: TransferSyntax
) -> None:
    # PS3.5 section 6.2.2; some devices write Explicit VR in there all the same.
    uid = element(UID, "UI", b"1.2 ", inner)
    items = item(uid, inner, is_undefined=True) + b"\xfe\xff\xdd\xe0\0\0\0\0"
    data = element(0x00091010, "UN", items, outer, UNDEFINED_LENGTH)
    data += element(0x00100010, "PN", b"A^B ", outer)
    vr = None if inner.is_implicit_vr else "UI"
    assert walked(data, outer) == [
        ((), 0x00091010, "UN", None),
        (((0x00091010, 0),), UID, vr, b"1.2 "),
        ((), 0x00100010, "PN", b"A^B "),
    ]


def test_a_known_sequence_as_un_of_defined_length() -> None:
    data = element(SQ, "UN", item(element(UID, "UI", b"1.2 ", IMPLICIT)))
    assert [(path, each.tag) for path, each in walk(data, EXPLICIT)] == [
        ((), SQ),
        (((SQ, 0),), UID),
    ]


def nested(depth: int, *, is_undefined: bool) -> bytes:
    """So many sequences in each other."""
    if is_undefined:
        head = element(SQ, "SQ", b"", length=UNDEFINED_LENGTH) + b"\xfe\xff\0\xe0\xff\xff\xff\xff"
        tail = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
        return head * depth + tail * depth
    data = b""
    for _ in range(depth):
        data = sequence(SQ, item(data))
    return data


@pytest.mark.parametrize("is_undefined", [True, False])
def test_depth_is_limited(is_undefined: bool) -> None:
    paths = [path for path, _ in walk(nested(MAX_DEPTH, is_undefined=is_undefined), EXPLICIT)]
    assert max(map(len, paths)) == MAX_DEPTH - 1
    for depth in (MAX_DEPTH + 1, 1_100, 20_000 if is_undefined else 3_000):
        with pytest.raises(ScanError, match=r"\(0008,1140\) at offset \d+: .* deeper than 64"):
            list(walk(nested(depth, is_undefined=is_undefined), EXPLICIT))


def test_the_number_of_headers_is_limited() -> None:
    data = sequence(SQ, item(b"") * 1000, is_undefined=True)
    assert len(list(walk(data, EXPLICIT, max_headers=1002))) == 1
    with pytest.raises(ScanError, match="more items and elements"):
        list(walk(data, EXPLICIT, max_headers=1001))


UID_ELEMENT = element(UID, "UI", b"1.2 ")
ITEM_END = b"\xfe\xff\x0d\xe0\0\0\0\0"
SEQUENCE_END = b"\xfe\xff\xdd\xe0\0\0\0\0"
OPEN_SEQUENCE = element(SQ, "SQ", b"", length=UNDEFINED_LENGTH)
OPEN_ITEM = b"\xfe\xff\0\xe0\xff\xff\xff\xff"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        # The item's delimiter is missing before the sequence's, and before the next item.
        (OPEN_SEQUENCE + OPEN_ITEM + UID_ELEMENT + SEQUENCE_END, QuirkKind.MISSING_DELIMITER),
        (
            OPEN_SEQUENCE + OPEN_ITEM + UID_ELEMENT + OPEN_ITEM + ITEM_END + SEQUENCE_END,
            QuirkKind.MISSING_DELIMITER,
        ),
        # Both are missing at the end of an item of defined length.
        (
            sequence(SQ, item(OPEN_SEQUENCE + OPEN_ITEM + UID_ELEMENT)) + UID_ELEMENT,
            QuirkKind.MISSING_DELIMITER,
        ),
        (sequence(SQ, item(UID_ELEMENT) + ITEM_END), QuirkKind.STRAY_DELIMITER),
        (sequence(SQ, item(UID_ELEMENT) + SEQUENCE_END), QuirkKind.STRAY_DELIMITER),
        (sequence(SQ, item(UID_ELEMENT + ITEM_END)), QuirkKind.STRAY_DELIMITER),
        (sequence(SQ, item(UID_ELEMENT)) + SEQUENCE_END, QuirkKind.STRAY_DELIMITER),
        (element(SQ, "SQ", b"") + item(b"") + UID_ELEMENT, QuirkKind.STRAY_DELIMITER),
        (
            OPEN_SEQUENCE + item(UID_ELEMENT) + SEQUENCE_END[:-1] + b"\1",
            QuirkKind.DELIMITER_LENGTH,
        ),
        (element(0x00080005, "CS", b"ABC") + UID_ELEMENT, QuirkKind.ODD_LENGTH),
        (b"\x08\0\x05\0CS\2\0AB\x08\0\x16\0ZZ\2\0AB" + UID_ELEMENT, QuirkKind.UNKNOWN_VR),
        (
            element(0x00080005, "CS", b"AB") + element(UID, "UI", b"1.2 ", IMPLICIT),
            QuirkKind.NO_VR,
        ),
    ],
)  # fmt: skip
def test_quirks_do_not_hide_elements(data: bytes, kind: QuirkKind) -> None:
    assert kinds(data) == {kind}
    assert UID in {each.tag for _, each in walk(data, EXPLICIT)}


def test_the_other_vr_encoding_is_recognized() -> None:
    implicit, explicit = element(UID, "UI", b"1.2 ", IMPLICIT), UID_ELEMENT
    assert walked(implicit, EXPLICIT) == [((), UID, None, b"1.2 ")]
    assert walked(explicit, IMPLICIT) == [((), UID, "UI", b"1.2 ")]
    assert kinds(implicit) == kinds(explicit, IMPLICIT) == {QuirkKind.OTHER_VR_ENCODING}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (OPEN_SEQUENCE + UID_ELEMENT, r"\(0008,1140\): \(0008,1155\) at offset 12 where an item"),
        (sequence(SQ, UID_ELEMENT), r"\(0008,1140\): \(0008,1155\) at offset 12 where an item"),
        (
            sequence(SQ, item(element(UID, "UI", b"1.2 ", length=6))) + UID_ELEMENT,
            r"\(0008,1155\): length 6 at offset 28 goes past the end of its item or sequence, 32",
        ),
        (
            sequence(SQ, b"\xfe\xff\0\xe0\x10\0\0\0") + UID_ELEMENT,
            r"\(0008,1140\): length 16 at offset 20 goes past the end",
        ),
        (sequence(SQ, item(b"1234")) + UID_ELEMENT, r"\(0008,1140\): 4 bytes at offset 20 before"),
        (
            sequence(0x7FE00010, OPEN_ITEM, vr="OB", is_undefined=True),
            r"\(7FE0,0010\): fragment of undefined length at offset 12",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ScanError, match=message) as caught:
        list(walk(data, EXPLICIT))
    assert str(caught.value).isprintable()


@given(TREES, st.sampled_from(SYNTAXES), st.data())
def test_a_truncated_data_set_is_walked_as_far_as_it_goes(
    tree: Tree, syntax: TransferSyntax, data: st.DataObject
) -> None:
    whole = write(tree, syntax)
    cut = data.draw(st.integers(0, len(whole)))
    start: list[Walked] = list(walk(whole[:cut], syntax))
    there = [
        each
        for each in walk(whole, syntax)
        if each.element.offset + each.element.length <= cut
        or (each.element.offset <= cut and each.element.tag in {SQ, 0x00089215, 0x0040A730})
    ]
    assert start == there
    assert kinds(whole[:cut], syntax) <= {QuirkKind.TRUNCATED}


def test_what_is_truncated_is_said() -> None:
    data = sequence(SQ, item(UID_ELEMENT))
    for cut in range(1, len(data)):
        assert kinds(data[:cut]) == {QuirkKind.TRUNCATED}, cut
    assert kinds(data) == kinds(b"") == set()


# pydicom keeps what is there of the last value, and the item that stands outside any sequence.
# When such a value is of undefined length it keeps nothing at all.
KNOWN = {
    "MR_truncated.dcm": {((), 0x7FE00010)},
    "rtplan_truncated.dcm": {(((0x300A00B0, 0), (0x300A0111, 0)), 0x300A012C)},
    "FreezePattern.dcm": {((), 0xFFFEE000)},
}
EMPTY_IN_PYDICOM = {"emri_small_jpeg_2k_lossless_too_short.dcm"}


def as_pydicom_walks(ds: Dataset, path: Path = ()) -> Iterator[tuple[Path, int, str, bytes | None]]:
    """The same tuples; no value where pydicom has none in bytes."""
    for tag in ds._dict:
        raw = ds._dict[tag]
        is_raw = isinstance(raw, RawDataElement)
        yield path, int(tag), raw.VR, (raw.value or b"") if is_raw else None
        if tag != 0xFFFEE000 and ds[tag].VR == "SQ":
            for number, each in enumerate(ds[tag].value):
                yield from as_pydicom_walks(each, (*path, (int(tag), number)))


def test_every_object_of_the_corpus_is_walked_as_pydicom_does() -> None:
    for each in objects():
        if each.path.name in EMPTY_IN_PYDICOM:
            continue
        mine = {(path, tag): rest for path, tag, *rest in walked(each.inflated, each.syntax)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            oracle = list(as_pydicom_walks(each.as_pydicom_reads()))
        theirs = {(path, tag): rest for path, tag, *rest in oracle}
        assert mine.keys() ^ theirs.keys() == KNOWN.get(each.path.name, set()), each.path
        for key in mine.keys() & theirs.keys():
            (vr, value), (their_vr, their_value) = mine[key], theirs[key]
            if value is not None and their_value is not None:
                assert value == their_value, (each.path, key)
            # pydicom names VRs after a look into the dictionary or at the first item.
            assert vr in {their_vr, None} or (vr, their_vr) == ("UN", "SQ"), (each.path, key)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=keyword)
@pytest.mark.parametrize("is_undefined", [True, False])
def test_items_are_told_if_they_are_asked_for(syntax: TransferSyntax, is_undefined: bool) -> None:
    uid = element(UID, "UI", b"1.2 ", syntax)
    items = [item(each, syntax, is_undefined=is_undefined) for each in (b"", uid, b"")]
    data = sequence(SQ, b"".join(items), syntax, is_undefined=is_undefined)
    told = [(path, each.tag) for path, each in walk(data, syntax, tells_items=True)]
    places: list[Path] = [((SQ, number),) for number in range(3)]
    assert told == [
        ((), SQ), (places[0], ITEM), (places[1], ITEM), (places[1], UID), (places[2], ITEM),
    ]  # fmt: skip


def test_fragments_are_no_items() -> None:
    data = sequence(0x7FE00010, item(b"") + item(b"12"), vr="OB", is_undefined=True)
    assert len(list(walk(data, EXPLICIT, tells_items=True))) == 1


def test_a_layout_may_be_certain() -> None:
    """20300 is `LO` where Explicit VR has its VR."""
    data = element(UID, "UI", bytes(20300), IMPLICIT)
    assert [each.length for _, each in walk(data, IMPLICIT, is_layout_certain=True)] == [20300]
    assert [each.vr for _, each in walk(data, IMPLICIT)] != [None]
