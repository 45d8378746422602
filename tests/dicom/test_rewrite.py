import struct
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.errors import ReencodeError, ScanError
from pacsd.dicom.explicit_vr import PIXEL_REPRESENTATION, Surroundings
from pacsd.dicom.headers import layout_of
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.rewrite import WHOLE_VALUE_BYTES, Rewriter
from pacsd.dicom.walk import MAX_DEPTH, walk
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT, UNDEFINED, element, item, order, sequence

SYNTAXES = [IMPLICIT, EXPLICIT, BIG]
WAYS = [(one, other) for one, other in product(SYNTAXES, SYNTAXES) if one is not other]
SQ = 0x00081140
UID = 0x00081155
PRIVATE = 0x00091001
BITS_ALLOCATED = 0x00280100
PIXEL_DATA = 0x7FE00010


def rewrite(data: bytes, source: TransferSyntax, target: TransferSyntax) -> bytes:
    return rewritten(data, source, target)[0]


def rewritten(
    data: bytes, source: TransferSyntax, target: TransferSyntax, part: int = 1 << 20
) -> tuple[bytes, set[QuirkKind]]:
    rewriter = Rewriter(layout_of(source), layout_of(target), Surroundings())
    out: list[bytes] = []
    for at in range(0, len(data), part):
        out.extend(map(bytes, rewriter.feed(data[at : at + part])))
    rewriter.finish()
    return b"".join(out), {quirk.kind for quirk in rewriter.quirks}


def number(value: int, syntax: TransferSyntax) -> bytes:
    return struct.pack(order(syntax) + "H", value)


def image(syntax: TransferSyntax, bits: int, pixels: bytes, vr: str) -> bytes:
    allocated = element(BITS_ALLOCATED, "US", number(bits, syntax), syntax)
    return allocated + element(PIXEL_DATA, vr, pixels, syntax)


def ways(each: tuple[TransferSyntax, TransferSyntax]) -> str:
    return f"{each[0].keyword}-{each[1].keyword}"


# One data set in every encoding; the sequences as they are written.


def sample(syntax: TransferSyntax) -> bytes:
    uid = element(UID, "UI", b"1.2\0", syntax)
    inner = sequence(SQ, item(uid, syntax, is_undefined=True), syntax, is_undefined=True)
    return b"".join((
        element(0x00080005, "CS", b"ISO_IR 192", syntax),
        sequence(SQ, b"", syntax),
        sequence(
            0x00081115,
            item(uid + inner, syntax, is_undefined=True) + item(b"", syntax),
            syntax,
            is_undefined=True,
        ),
        element(0x00090010, "LO", b"ACME", syntax),
        element(PRIVATE, "UN", b"\1\2\3\4", syntax),
        element(0x00189313, "FD", struct.pack(order(syntax) + "3d", 1, 2, 3), syntax),
        element(0x00280010, "US", number(512, syntax), syntax),
        element(PIXEL_REPRESENTATION, "US", number(1, syntax), syntax),
        element(0x00280106, "SS", struct.pack(order(syntax) + "h", -5), syntax),
        element(0x00404025, "SQ", b"", syntax),
    ))  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=ways)
def test_a_data_set_in_every_encoding(way: tuple[TransferSyntax, TransferSyntax]) -> None:
    source, target = way
    assert rewritten(sample(source), source, target) == (sample(target), set())


@pytest.mark.parametrize("way", WAYS, ids=ways)
@pytest.mark.parametrize("part", [1, 7, 64])
def test_bytes_come_in_parts_of_any_length(
    way: tuple[TransferSyntax, TransferSyntax], part: int
) -> None:
    source, target = way
    assert rewritten(sample(source), source, target, part)[0] == sample(target)


def test_defined_lengths_become_undefined() -> None:
    for is_undefined in (True, False):
        items = item(element(UID, "UI", b"1.2 "), is_undefined=is_undefined)
        data = sequence(SQ, items, is_undefined=is_undefined) + element(UID, "UI", b"1.3 ")
        inner = item(element(UID, "UI", b"1.2 ", BIG), BIG, is_undefined=True)
        expected = sequence(SQ, inner, BIG, is_undefined=True) + element(UID, "UI", b"1.3 ", BIG)
        assert rewrite(data, EXPLICIT, BIG) == expected


def test_group_lengths_are_dropped_long_ones_too() -> None:
    lengths = element(0x00080000, "UL", bytes(4)) + element(0x00080001, "UL", bytes(4))
    wrong = element(0x00090000, "OB", bytes(WHOLE_VALUE_BYTES + 2))
    uid = element(UID, "UI", b"1.2 ")
    items = item(lengths + uid)
    expected = sequence(SQ, item(uid, IMPLICIT, is_undefined=True), IMPLICIT, is_undefined=True)
    assert rewrite(lengths + wrong + sequence(SQ, items), EXPLICIT, IMPLICIT) == (
        expected.replace(uid, element(UID, "UI", b"1.2 ", IMPLICIT))
    )


# Numbers and pixels


@pytest.mark.parametrize(
    ("vr", "form"),
    [("OW", "4H"), ("OF", "3f"), ("OD", "2d"), ("OL", "2I"), ("OV", "2Q"), ("AT", "2H"),
     ("SL", "i"), ("UL", "I"), ("SV", "q"), ("UV", "Q"), ("SS", "h"), ("FL", "f")],
)  # fmt: skip
@pytest.mark.parametrize("times", [1, WHOLE_VALUE_BYTES])
def test_numbers_are_turned_round(vr: str, form: str, times: int) -> None:
    count = len(struct.unpack(form, bytes(struct.calcsize(form))))
    little = struct.pack("<" + form, *range(1, count + 1)) * times
    big = struct.pack(">" + form, *range(1, count + 1)) * times
    data = element(PRIVATE, vr, little[: 0xFFF0 // 8 * 8])
    expected = element(PRIVATE, vr, big[: 0xFFF0 // 8 * 8], BIG)
    assert rewritten(data, EXPLICIT, BIG, 1021)[0] == expected
    assert rewritten(expected, BIG, EXPLICIT, 1021)[0] == data


@pytest.mark.parametrize(("bits", "vr"), [(1, "OB"), (8, "OB"), (16, "OW"), (32, "OW")])
def test_pixels_from_implicit_vr(bits: int, vr: str) -> None:
    pixels = bytes(range(8))
    data = image(IMPLICIT, bits, pixels, "OW")
    assert rewrite(data, IMPLICIT, EXPLICIT) == image(EXPLICIT, bits, pixels, vr)
    in_big = pixels if vr == "OB" else bytes((1, 0, 3, 2, 5, 4, 7, 6))
    assert rewrite(data, IMPLICIT, BIG) == image(BIG, bits, in_big, vr)
    assert rewrite(image(BIG, bits, in_big, vr), BIG, IMPLICIT) == data


def test_words_called_bytes_are_words_in_big_endian() -> None:
    data = image(EXPLICIT, 16, b"\1\2\3\4", "OB")
    assert rewrite(data, EXPLICIT, BIG) == image(BIG, 16, b"\2\1\4\3", "OW")


def test_bytes_called_words_stay_words() -> None:
    assert rewrite(image(EXPLICIT, 8, b"\1\2", "OW"), EXPLICIT, BIG) == image(BIG, 8, b"\2\1", "OW")


def test_an_icon_has_bits_of_its_own() -> None:
    def with_icon(syntax: TransferSyntax, icon_vr: str, vr: str) -> bytes:
        icon = item(image(syntax, 8, b"\1\2", icon_vr), syntax, is_undefined=True)
        return b"".join((
            element(BITS_ALLOCATED, "US", number(16, syntax), syntax),
            sequence(0x00880200, icon, syntax, is_undefined=True),
            element(PIXEL_DATA, vr, b"\1\2", syntax),
        ))  # fmt: skip

    data = with_icon(IMPLICIT, "OW", "OW")
    assert rewrite(data, IMPLICIT, EXPLICIT) == with_icon(EXPLICIT, "OB", "OW")


# Unknown VRs


def test_a_value_too_long_for_16_bits_becomes_unknown() -> None:
    values = struct.pack("<40000H", *range(40_000))
    data = element(0x00281101, "US", values, IMPLICIT)
    as_unknown = element(0x00281101, "UN", values)
    assert rewrite(data, IMPLICIT, EXPLICIT) == as_unknown
    # UN is Little Endian in Big Endian, too (PS3.5 section 6.2.2).
    assert rewrite(data, IMPLICIT, BIG) == element(0x00281101, "UN", values, BIG)
    assert rewrite(as_unknown, EXPLICIT, IMPLICIT) == data


def test_65535_bytes_padded_are_too_long() -> None:
    data = element(0x00091001, "LT", b"x" * 65_535)
    expected = element(0x00091001, "UN", b"x" * 65_535 + b" ", BIG)
    assert rewritten(data, EXPLICIT, BIG) == (expected, {QuirkKind.ODD_LENGTH})


def test_private_elements_lose_and_never_regain_their_vr() -> None:
    data = element(PRIVATE, "US", b"\0\1", BIG)
    implicit = rewrite(data, BIG, IMPLICIT)
    assert implicit == element(PRIVATE, "UN", b"\1\0", IMPLICIT)
    assert rewrite(implicit, IMPLICIT, EXPLICIT) == element(PRIVATE, "UN", b"\1\0")


@pytest.mark.parametrize("tag", [PRIVATE, SQ])
def test_unknown_with_a_length_is_left_alone(tag: int) -> None:
    value = item(element(UID, "UI", b"1.2 ", IMPLICIT), IMPLICIT)
    data = element(tag, "UN", value)
    assert rewrite(data, EXPLICIT, IMPLICIT) == element(tag, "UN", value, IMPLICIT)
    assert rewrite(data, EXPLICIT, BIG) == element(tag, "UN", value, BIG)
    assert rewrite(element(PRIVATE, "UN", value, IMPLICIT), IMPLICIT, BIG) == (
        element(PRIVATE, "UN", value, BIG)
    )


@pytest.mark.parametrize("inside", [IMPLICIT, EXPLICIT], ids=lambda each: each.keyword)
@pytest.mark.parametrize("source", [EXPLICIT, BIG], ids=lambda each: each.keyword)
@pytest.mark.parametrize("target", SYNTAXES, ids=lambda each: each.keyword)
def test_unknown_without_a_length_is_a_sequence(
    source: TransferSyntax, target: TransferSyntax, inside: TransferSyntax
) -> None:
    """Its items are in Implicit VR Little Endian; some writers have them in Explicit VR."""
    items = item(element(0x00280010, "US", b"\0\2", inside), inside) + item(b"", inside)
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    data = element(PRIVATE, "UN", items + end, source, UNDEFINED)
    rows = element(0x00280010, "US", number(512, target), target)
    within = item(rows, target, is_undefined=True) + item(b"", target)
    assert rewrite(data, source, target) == sequence(PRIVATE, within, target, is_undefined=True)


def test_a_private_sequence_without_a_length_in_implicit_vr() -> None:
    uid = element(UID, "UI", b"1.2 ", IMPLICIT)
    data = sequence(PRIVATE, item(uid, IMPLICIT), IMPLICIT, is_undefined=True)
    within = item(element(UID, "UI", b"1.2 ", BIG), BIG, is_undefined=True)
    assert rewrite(data, IMPLICIT, BIG) == sequence(PRIVATE, within, BIG, is_undefined=True)


@pytest.mark.parametrize(
    ("tag", "vr"), [(UID, "UI"), (PRIVATE, "UN"), (SQ, "UN")], ids=["known", "private", "sequence"]
)
def test_vrs_that_are_none_become_those_of_the_dictionary(tag: int, vr: str) -> None:
    data = element(tag, "??", b"1.2 ")
    expected = element(tag, vr, b"1.2 ", BIG)
    assert rewritten(data, EXPLICIT, BIG) == (expected, {QuirkKind.UNKNOWN_VR})


# What devices break


def test_odd_lengths_are_padded() -> None:
    data = element(0x00100010, "PN", b"A") + element(PRIVATE, "OB", b"\1\2\3", EXPLICIT)
    data += element(UID, "UI", b"1.2") + element(0x00091002, "UT", b"x" * (WHOLE_VALUE_BYTES + 1))
    padded = element(0x00100010, "PN", b"A ", IMPLICIT)
    padded += element(PRIVATE, "OB", b"\1\2\3\0", IMPLICIT) + element(UID, "UI", b"1.2\0", IMPLICIT)
    padded += element(0x00091002, "UT", b"x" * (WHOLE_VALUE_BYTES + 1) + b" ", IMPLICIT)
    assert rewritten(data, EXPLICIT, IMPLICIT) == (padded, {QuirkKind.ODD_LENGTH})


def test_the_other_encoding_than_the_syntax_says() -> None:
    uid = element(UID, "UI", b"1.2 ")
    expected = element(UID, "UI", b"1.2 ", BIG)
    assert rewritten(uid, IMPLICIT, BIG) == (expected, {QuirkKind.OTHER_VR_ENCODING})


def test_implicit_headers_amid_explicit_ones() -> None:
    data = element(UID, "UI", b"1.2 ") + element(0x00100010, "PN", b"A ", IMPLICIT)
    expected = element(UID, "UI", b"1.2 ", IMPLICIT) + element(0x00100010, "PN", b"A ", IMPLICIT)
    assert rewritten(data, EXPLICIT, IMPLICIT) == (expected, {QuirkKind.NO_VR})


def test_delimiters_where_none_can_be_and_none_where_one_must() -> None:
    uid, end_of_item = element(UID, "UI", b"1.2 "), struct.pack("<HHI", 0xFFFE, 0xE00D, 4)
    open_item = struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) + uid
    data = sequence(SQ, open_item, is_undefined=True)
    data += end_of_item + sequence(SQ, end_of_item + open_item)
    inner = item(element(UID, "UI", b"1.2 ", IMPLICIT), IMPLICIT, is_undefined=True)
    expected = sequence(SQ, inner, IMPLICIT, is_undefined=True) * 2
    assert rewritten(data, EXPLICIT, IMPLICIT) == (
        expected,
        {QuirkKind.MISSING_DELIMITER, QuirkKind.STRAY_DELIMITER, QuirkKind.DELIMITER_LENGTH},
    )


def test_zeros_behind_the_end_are_dropped() -> None:
    data = element(UID, "UI", b"1.2 ")
    assert rewritten(data + bytes(6), EXPLICIT, IMPLICIT)[1] == {QuirkKind.TRAILING_BYTES}
    assert rewrite(data + bytes(16), EXPLICIT, IMPLICIT) == rewrite(data, EXPLICIT, IMPLICIT)
    assert rewrite(b"", EXPLICIT, IMPLICIT) == b""


# What is refused


@pytest.mark.parametrize("tag", [PIXEL_DATA, PRIVATE])
def test_fragments_are_not_rewritten(tag: int) -> None:
    data = sequence(tag, item(b"") + item(b"\1\2"), vr="OB", is_undefined=True)
    with pytest.raises(ReencodeError, match=r"only decompressing .* \(PS3.5 section A.4\)"):
        rewrite(data, EXPLICIT, IMPLICIT)


def test_fragments_are_kept_where_that_is_asked_for() -> None:
    fragments = item(bytes(4)) + item(b"\1" * (WHOLE_VALUE_BYTES + 1)) + item(b"")
    icon = sequence(SQ, item(sequence(PIXEL_DATA, fragments, vr="OB", is_undefined=True)))
    rewriter = Rewriter(
        layout_of(EXPLICIT), layout_of(EXPLICIT), Surroundings(), keeps_fragments=True
    )
    out = b"".join(bytes(piece) for byte in icon for piece in rewriter.feed(bytes([byte])))
    rewriter.finish()
    pixels = sequence(PIXEL_DATA, fragments, vr="OB", is_undefined=True)
    assert out == sequence(SQ, item(pixels, is_undefined=True), is_undefined=True)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (element(UID, "UI", b"1.2 ")[:-1], "within an element, at offset 11"),
        (element(UID, "UI", b"1.2 ")[:5], "within an element, at offset 5"),
        (element(UID, "UI", b"1.2 ")[:7], "within an element"),
        (element(PRIVATE, "OB", bytes(9000))[:-9], r"within \(0009,1001\), 9 bytes too early"),
        (
            sequence(SQ, item(element(UID, "UI", b"1.2 ")))[:-12],
            r"within the sequence \(0008,1140\)",
        ),
        (sequence(SQ, item(b""), is_undefined=True)[:-8], r"within the sequence \(0008,1140\)"),
    ],
)
def test_a_data_set_that_is_cut_short(data: bytes, where: str) -> None:
    with pytest.raises(ReencodeError, match=where):
        rewrite(data, EXPLICIT, BIG)


def test_a_value_longer_than_its_item() -> None:
    data = sequence(SQ, item(element(UID, "UI", b"1.2 ", length=6)))
    with pytest.raises(ScanError, match=r"\(0008,1155\): length 6 .* past the end of its item"):
        rewrite(data + element(UID, "UI", b"1.2 "), EXPLICIT, BIG)


def test_an_item_too_short_for_a_header() -> None:
    with pytest.raises(ScanError, match="are no header"):
        rewrite(sequence(SQ, item(bytes(6)) + item(bytes(6))), EXPLICIT, BIG)
    with pytest.raises(ScanError, match="are no header"):
        rewrite(sequence(SQ, item(b"") + bytes(6)), EXPLICIT, BIG)


def test_something_else_where_an_item_must_stand() -> None:
    with pytest.raises(ScanError, match=r"where an item must stand \(PS3.5 section 7.5\)"):
        rewrite(sequence(SQ, element(UID, "UI", b"1.2 ")), EXPLICIT, BIG)


@pytest.mark.parametrize("is_undefined", [True, False])
def test_how_deep_sequences_may_nest(is_undefined: bool) -> None:
    data = b""
    for _ in range(MAX_DEPTH):
        data = sequence(SQ, item(data, is_undefined=is_undefined), is_undefined=is_undefined)
    assert len(list(walk(rewrite(data, EXPLICIT, BIG), BIG))) == MAX_DEPTH
    data = sequence(SQ, item(data, is_undefined=is_undefined), is_undefined=is_undefined)
    with pytest.raises(ScanError, match=f"nest deeper than {MAX_DEPTH}"):
        rewrite(data, EXPLICIT, BIG)


# Back and forth

Tree = list[tuple[int, str, "bytes | list[Tree]"]]
LEAVES = st.sampled_from([
    (UID, "UI", 2),
    (0x00100010, "PN", 2),
    (0x00280010, "US", 2),
    (0x00189313, "FD", 8),
    (0x0040A160, "UT", 2),
    (0x00091001, "UN", 2),
    (0x00660016, "OF", 4),
    (0x60003000, "OW", 2),
]).flatmap(
    lambda leaf: st.tuples(
        st.just(leaf[0]),
        st.just(leaf[1]),
        st.binary(max_size=40).map(lambda value: value[: len(value) // leaf[2] * leaf[2]]),
    )
)  # fmt: skip
TREES = st.recursive(
    st.lists(LEAVES, max_size=3),
    lambda trees: st.lists(
        LEAVES
        | st.tuples(st.sampled_from([SQ, 0x00089215]), st.just("SQ"), st.lists(trees, min_size=1)),
        max_size=4,
    ),
    max_leaves=12,
)


def write(tree: Tree) -> bytes:
    """In Explicit VR, with undefined lengths where something is inside."""
    parts = []
    for tag, vr, value in tree:
        if isinstance(value, bytes):
            parts.append(element(tag, vr, value))
        else:
            items = (item(write(each), is_undefined=bool(each)) for each in value)
            parts.append(sequence(tag, b"".join(items), is_undefined=True))
    return b"".join(parts)


@given(TREES, st.sampled_from([IMPLICIT, BIG]), st.integers(1, 50))
def test_there_and_back_again(tree: Tree, target: TransferSyntax, part: int) -> None:
    data = write(tree)
    there = rewritten(data, EXPLICIT, target, part)[0]
    assert rewritten(there, target, EXPLICIT, part)[0] == data
