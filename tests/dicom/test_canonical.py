"""One data set, written in the ways that the standard leaves open, and others beside it."""

import struct
from collections.abc import Callable
from functools import partial
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pacsd.dicom.canonical import DATA_SET_TRAILING_PADDING, canonical_forms
from pacsd.dicom.errors import DicomError, InflateError, ReencodeError, ScanError
from pacsd.dicom.inflate import RATIO_FREE_BYTES
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.rewrite import WHOLE_VALUE_BYTES
from tests.dicom.corpus import objects
from tests.dicom.test_rewrite import TREES, Tree, sample
from tests.dicom.written import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    UNDEFINED,
    deflate,
    element,
    item,
    known,
    sequence,
)

JPEG = known("1.2.840.10008.1.2.4.50")
NAME, UID, PRIVATE, SQ, PIXEL_DATA = 0x00100010, 0x00081155, 0x00091001, 0x00081140, 0x7FE00010
ICON = 0x00880200
NATIVE = [IMPLICIT, EXPLICIT, BIG]


def canonical(
    data: bytes, syntax: TransferSyntax = EXPLICIT, beside: TransferSyntax | None = None
) -> bytes:
    return in_parts(data, syntax, beside or syntax, len(data) or 1)


def in_parts(data: bytes, syntax: TransferSyntax, beside: TransferSyntax, part: int) -> bytes:
    forms = canonical_forms(syntax.uid, beside.uid)
    assert forms is not None
    form, _ = forms
    out = [piece for at in range(0, len(data), part) for piece in form.feed(data[at : at + part])]
    form.finish()
    assert all(out), "a piece is empty"
    return b"".join(out)


def name(value: bytes = b"Doe^Jo", syntax: TransferSyntax = EXPLICIT) -> bytes:
    return element(NAME, "PN", value, syntax)


def padding(length: int, syntax: TransferSyntax = EXPLICIT) -> bytes:
    return element(DATA_SET_TRAILING_PADDING, "OB", bytes(length), syntax)


def group_length(tag: int, number: int, syntax: TransferSyntax = EXPLICIT) -> bytes:
    value = number.to_bytes(4, "little" if syntax.is_little_endian else "big")
    return element(tag, "UL", value, syntax)


# What means nothing


@pytest.mark.parametrize("length", [0, 2, 126, WHOLE_VALUE_BYTES + 2])
@pytest.mark.parametrize("syntax", NATIVE, ids=lambda each: each.keyword)
def test_trailing_padding_is_left_out_in_items_too(syntax: TransferSyntax, length: int) -> None:
    padded = name(syntax=syntax) + padding(length, syntax)
    inside = sequence(SQ, item(padded, syntax), syntax)
    without = sequence(SQ, item(name(syntax=syntax), syntax), syntax)
    assert canonical(inside + padded, syntax) == canonical(without + name(syntax=syntax), syntax)


@pytest.mark.parametrize("syntax", NATIVE, ids=lambda each: each.keyword)
def test_group_lengths_are_left_out_in_items_too(syntax: TransferSyntax) -> None:
    lengths = group_length(0x00080000, 30, syntax) + group_length(0x00080001, 700, syntax)
    private = group_length(0x00090000, 12, syntax)
    inside = sequence(SQ, item(lengths + name(syntax=syntax), syntax), syntax)
    without = sequence(SQ, item(name(syntax=syntax), syntax), syntax)
    with_lengths = lengths + inside + private + name(syntax=syntax)
    assert canonical(with_lengths, syntax) == canonical(without + name(syntax=syntax), syntax)


@pytest.mark.parametrize(
    "odd",
    [
        element(0x00090000, "OB", b"\1\2\3\4\5\6"),
        element(0x00090000, "SH", b"ACME"),
        element(0x00080000, "UL", bytes(8)),
        group_length(0x00020000, 4),
        group_length(0x00000000, 4),
    ],
)
def test_what_only_has_the_tag_of_a_group_length_stays(odd: bytes) -> None:
    assert canonical(odd + name()) == odd + name()


# What encoders are free to choose


@pytest.mark.parametrize("syntax", [*NATIVE, JPEG], ids=lambda each: each.keyword)
@pytest.mark.parametrize("content", [b"", b"\1"], ids=["empty", "full"])
def test_lengths_are_defined_or_not(syntax: TransferSyntax, content: bytes) -> None:
    inside = content and name(syntax=syntax)
    ways = {
        canonical(
            sequence(
                SQ, item(inside, syntax, is_undefined=one), syntax, is_undefined=other
            ),
            syntax,
        )
        for one in (True, False)
        for other in (True, False)
    }  # fmt: skip
    assert len(ways) == 1


@pytest.mark.parametrize("syntax", NATIVE, ids=lambda each: each.keyword)
def test_an_empty_sequence_has_a_delimiter_or_not(syntax: TransferSyntax) -> None:
    assert canonical(sequence(SQ, b"", syntax), syntax) == canonical(
        sequence(SQ, b"", syntax, is_undefined=True), syntax
    )
    assert canonical(sequence(SQ, b"", syntax), syntax) != canonical(b"", syntax)


def test_an_item_that_holds_only_what_means_nothing_is_an_empty_one() -> None:
    assert canonical(sequence(SQ, item(padding(8)))) == canonical(sequence(SQ, item(b"")))


@pytest.mark.parametrize("one", NATIVE, ids=lambda each: each.keyword)
@pytest.mark.parametrize("other", NATIVE, ids=lambda each: each.keyword)
def test_a_data_set_in_two_encodings(one: TransferSyntax, other: TransferSyntax) -> None:
    assert canonical(sample(one), one, other) == canonical(sample(other), other, one)
    changed = sample(other).replace(b"ACME", b"ACNE")
    assert canonical(sample(one), one, other) != canonical(changed, other, one)


# What is another value


@pytest.mark.parametrize(
    "other",
    [
        name(b"Doe^Jo  "),
        name(b"Doe^Jo\0\0"),
        name(b"Doe^J"),
        name(b"DOE^JO"),
        element(NAME, "LO", b"Doe^Jo"),
        element(NAME, "UN", b"Doe^Jo"),
        element(0x00100020, "PN", b"Doe^Jo"),
        name() + element(0x00100020, "LO", b""),
        b"",
    ],
)
def test_everything_else_is_another_data_set(other: bytes) -> None:
    assert canonical(other) != canonical(name())
    assert canonical(sequence(SQ, item(other))) != canonical(sequence(SQ, item(name())))


def test_an_odd_length_made_even_is_another_value() -> None:
    for odd in (b"Doe", b"x" * (WHOLE_VALUE_BYTES + 1)):
        even = element(0x0040A160, "UT", odd + b" ")
        assert canonical(element(0x0040A160, "UT", odd)) != canonical(even)


def test_vrs_do_not_count_beside_a_data_set_without() -> None:
    """A device that writes a private element as UN knows no better; its bytes are the same."""
    data, unknown = (element(PRIVATE, vr, b"ACME") for vr in ("LO", "UN"))
    implicit = canonical(element(PRIVATE, "LO", b"ACME", IMPLICIT), IMPLICIT, EXPLICIT)
    assert canonical(data, EXPLICIT, IMPLICIT) == implicit == canonical(unknown, EXPLICIT, IMPLICIT)
    assert canonical(data) != canonical(unknown)


@pytest.mark.parametrize("tag", [PRIVATE, SQ])
def test_what_is_inside_unknown_bytes_is_not_looked_at(tag: int) -> None:
    """Of a defined length they may be anything; without one they are a sequence by the standard."""
    inside = element(UID, "UI", b"1.2 ", IMPLICIT)
    ways = [item(inside, IMPLICIT), item(inside, IMPLICIT, is_undefined=True)]
    ways += [item(inside + padding(2, IMPLICIT), IMPLICIT)]
    assert len({canonical(element(tag, "UN", each)) for each in ways}) == len(ways)
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    assert len({canonical(element(tag, "UN", each + end, length=UNDEFINED)) for each in ways}) == 1


# Encapsulated


def encapsulated(*fragments: bytes, table: bytes = b"") -> bytes:
    items = b"".join(item(each) for each in (table, *fragments))
    return sequence(PIXEL_DATA, items, vr="OB", is_undefined=True)


FRAGMENTS = (b"\xff\xd8" + bytes(WHOLE_VALUE_BYTES), b"\1\2\xff\xd9")


def test_fragments_stay_as_they_are_wherever_they_stand() -> None:
    pixels = encapsulated(*FRAGMENTS, table=bytes(4))
    icon = sequence(ICON, item(encapsulated(b"\1\2"), is_undefined=True), is_undefined=True)
    assert canonical(name() + icon + pixels, JPEG) == name() + icon + pixels
    anew = group_length(0x00100000, 14) + name()
    anew += sequence(ICON, item(encapsulated(b"\1\2"))) + pixels + padding(4)
    assert canonical(anew, JPEG) == name() + icon + pixels


@pytest.mark.parametrize(
    "other",
    [
        encapsulated(b"".join(FRAGMENTS), table=bytes(4)),
        encapsulated(*FRAGMENTS),
        encapsulated(*FRAGMENTS, table=b"\2\0\0\0"),
        encapsulated(*FRAGMENTS, b"", table=bytes(4)),
        encapsulated(FRAGMENTS[0], b"\1\3\xff\xd9", table=bytes(4)),
        encapsulated(FRAGMENTS[0], FRAGMENTS[1] + b"\0\0", table=bytes(4)),
        element(PIXEL_DATA, "OB", b"".join(FRAGMENTS)),
        encapsulated(),
    ],
)
def test_other_fragments_are_other_pixels(other: bytes) -> None:
    assert canonical(other, JPEG) != canonical(encapsulated(*FRAGMENTS, table=bytes(4)), JPEG)


@pytest.mark.parametrize(
    ("data", "error", "why"),
    [
        (encapsulated(b"\1\2")[:-8], ReencodeError, r"within the sequence \(7FE0,0010\)"),
        (encapsulated(b"\1\2")[:-9], ReencodeError, r"within \(7FE0,0010\), 1 bytes too early"),
        (
            sequence(PIXEL_DATA, item(b"", is_undefined=True), vr="OB", is_undefined=True),
            ScanError,
            r"fragment of undefined length .* \(PS3.5 section A.4\)",
        ),
        (sequence(SQ, item(encapsulated(b"\1\2")[:-10])), ScanError, "past the end of its item"),
    ],
)
def test_fragments_that_cannot_be_read(data: bytes, error: type[DicomError], why: str) -> None:
    with pytest.raises(error, match=why):
        canonical(data, JPEG)


@pytest.mark.parametrize("syntax", NATIVE, ids=lambda each: each.keyword)
def test_fragments_where_none_may_be_are_refused(syntax: TransferSyntax) -> None:
    data = sequence(PIXEL_DATA, item(b"", syntax), syntax, vr="OB", is_undefined=True)
    with pytest.raises(ReencodeError, match="encapsulated"):
        canonical(data, syntax)


# Deflated


def test_a_deflated_data_set_is_what_it_holds() -> None:
    data = name() + padding(8)
    other = deflate(name(), 9 - 24)
    assert canonical(deflate(data), DEFLATED) == canonical(other, DEFLATED) == name()
    assert canonical(deflate(data), DEFLATED, EXPLICIT) == canonical(name(), EXPLICIT, DEFLATED)
    assert canonical(deflate(data) + b"\1\2\3\4\5\6\7\x08", DEFLATED) == name()


def test_a_deflated_data_set_is_bounded_and_whole() -> None:
    with pytest.raises(ReencodeError, match="cut short"):
        canonical(deflate(name() * 99)[:-1], DEFLATED)
    bomb = deflate(element(PRIVATE, "OB", bytes(RATIO_FREE_BYTES * 2)))
    with pytest.raises(InflateError, match="more than"):
        canonical(bomb, DEFLATED)


# Which can be compared


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (EXPLICIT.uid, JPEG.uid),
        (JPEG.uid, "1.2.840.10008.1.2.4.51"),
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.94"),
        ("1.2.840.10008.1.2.6.2", "1.2.840.10008.1.2.6.2"),
    ],
)
def test_what_only_a_codec_could_tell_is_not_compared(one: str, other: str) -> None:
    assert canonical_forms(one, other) is None
    assert canonical_forms(other, one) is None


# All of it


def written(tree: Tree, flip: Callable[[], bool], syntax: TransferSyntax) -> bytes:
    """A data set or item, with and without what means nothing, as `flip` decides."""
    parts = [group_length(0x00080000, 99, syntax)] if flip() else []
    for tag, vr, value in tree:
        if isinstance(value, bytes):
            parts.append(element(tag, vr, value, syntax))
        else:
            items = (
                item(written(each, flip, syntax), syntax, is_undefined=flip()) for each in value
            )
            parts.append(sequence(tag, b"".join(items), syntax, is_undefined=flip()))
    return b"".join([*parts, padding(6, syntax) if flip() else b""])


def leaves(tree: Tree) -> int:
    return sum(1 if isinstance(each, bytes) else sum(map(leaves, each)) for _, _, each in tree)


def with_another_value(tree: Tree, number: int) -> Tree:
    """The same with a value changed: that of the leaf of this number."""
    changed: Tree = []
    for tag, vr, value in tree:
        if isinstance(value, bytes):
            another = value[:-1] + bytes([value[-1] ^ 1]) if value else bytes(8)
            changed.append((tag, vr, value if number else another))
            number -= 1
            continue
        items = []
        for each in value:
            items.append(with_another_value(each, number))
            number -= leaves(each)
        changed.append((tag, vr, items))
    return changed


def coin(seed: int) -> Callable[[], bool]:
    return partial(Random(seed).choice, (True, False))


COINS = st.integers(0, 1 << 32).map(coin)
SYNTAX = st.sampled_from([IMPLICIT, EXPLICIT, JPEG])


@given(TREES, COINS, SYNTAX, st.integers(1, 50))
def test_however_it_is_written_it_is_the_same(
    tree: Tree, flip: Callable[[], bool], syntax: TransferSyntax, part: int
) -> None:
    plain = canonical(written(tree, lambda: False, syntax), syntax)
    assert in_parts(written(tree, flip, syntax), syntax, syntax, part) == plain


@given(TREES, COINS, SYNTAX, st.integers(0, 1 << 16))
def test_with_another_value_it_is_another(
    tree: Tree, flip: Callable[[], bool], syntax: TransferSyntax, number: int
) -> None:
    count = leaves(tree)
    assume(count)
    other = with_another_value(tree, number % count)
    assert canonical(written(tree, flip, syntax), syntax) != canonical(
        written(other, flip, syntax), syntax
    )


def test_the_canonical_form_is_canonical() -> None:
    """Of real objects: it is a data set, whose canonical form it is itself."""
    for each in objects():
        if len(each.data_set) > 1 << 20 or each.syntax.is_deflated or not each.syntax.is_storable:
            continue
        try:
            form = canonical(each.data_set, each.syntax)
        except DicomError:
            continue
        target = IMPLICIT if each.syntax.is_implicit_vr else EXPLICIT
        again = each.syntax if each.syntax.is_encapsulated else target
        assert in_parts(form, again, again, 4099) == form, each.path
