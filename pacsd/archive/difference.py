"""Two stored data sets compared, element by element.

What a writer is free to choose is no difference: Transfer Syntax, lengths of sequences, group
lengths, padding. Where one of the two does not know a VR, that of the other holds for both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import anyio.to_thread

from pacsd.api.store import BlobStore
from pacsd.archive.contents import (
    MAX_ELEMENTS,
    Contents,
    DataSetFile,
    Place,
    Value,
    read_as_sequence,
    read_contents,
)
from pacsd.dicom.code_elements import REPLACEMENT
from pacsd.dicom.dictionary import keyword_of, vr_of
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.values import read_texts
from pacsd.dicom.vr import VR, is_text

MAX_DIFFERENCES = 1_000
LONGEST_VALUE = 64

MAX_TRIED = 20_000
"""How many pairs of values of unknown VR are read as sequences; then the comparison is cut."""

_BYTE_VRS = frozenset({VR.OB, VR.OW})
_PADDED_VRS = _BYTE_VRS | {VR.UN} | {vr for vr in VR if is_text(vr)}


class Writing(StrEnum):
    """What of the writing of a value may differ while the value does not."""

    PADDING = "padding"
    CHARACTER_CODES = "character codes"
    VR = "VR"


@dataclass(frozen=True, slots=True)
class Difference:
    """An element that is not the same in both: its value in each, None where it is not there.

    `path` names the items it stands in, from the outermost on; values are cut short.
    """

    path: str
    tag: str
    keyword: str
    first: str | None
    second: str | None


@dataclass(frozen=True, slots=True)
class WrittenOtherwise:
    """An element that has the same value in both, of other bytes or another VR."""

    path: str
    tag: str
    keyword: str
    what: Writing


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, in the order of the tags; `is_cut` says that there is more.

    The faults say what of either could not be read, '' where all could. `written_otherwise` are
    those that do not differ, at most MAX_DIFFERENCES of them.
    """

    differences: tuple[Difference, ...]
    is_cut: bool
    first_fault: str
    second_fault: str
    written_otherwise: tuple[WrittenOtherwise, ...] = ()


async def compare(
    store: BlobStore,
    first: tuple[DataSetFile, str],
    second: tuple[DataSetFile, str],
) -> Comparison:
    """Compare two files, each with the UID of its Transfer Syntax.

    Raises:
        StoreError: one of them cannot be read.
    """
    one, other = await read_contents(store, *first), await read_contents(store, *second)
    return await anyio.to_thread.run_sync(_compare, one, other)


def _compare(one: Contents, other: Contents) -> Comparison:
    """Compare what was read. Blocks."""
    is_cut = not _open_unknown(one, other)
    differing: list[Place] = []
    alike: dict[Place, Writing] = {}
    for place in one.values.keys() | other.values.keys():
        pair = _Pair.at(place, one, other)
        if pair is None or not pair.is_alike:
            differing.append(place)
        elif (what := pair.written_otherwise) is not None:
            alike[place] = what
    differing.sort(key=_order)
    return Comparison(
        tuple(_difference(place, one, other) for place in differing[:MAX_DIFFERENCES]),
        is_cut or len(differing) > MAX_DIFFERENCES,
        one.fault,
        other.fault,
        tuple(
            WrittenOtherwise(*_named(place), alike[place])
            for place in sorted(alike, key=_order)[:MAX_DIFFERENCES]
        ),
    )


def _open_unknown(one: Contents, other: Contents) -> bool:
    """Read values of unknown VR as sequences where only so they can be compared; False: not all.

    A private sequence of defined length is bytes to whoever does not know its VR.
    """
    waiting = [
        place
        for place in one.values.keys() & other.values.keys()
        if _may_be_sequences(place, one, other)
    ]
    tries_left = MAX_TRIED
    while waiting and tries_left:
        tries_left -= 1
        place = waiting.pop()
        found, others = _opened(place, one), _opened(place, other)
        if found is not None and others is not None:
            one.values |= found
            other.values |= others
            inner = (found.keys() | others.keys()) & one.values.keys() & other.values.keys()
            waiting += [each for each in inner if _may_be_sequences(each, one, other)]
    return not waiting


def _opened(place: Place, contents: Contents) -> Mapping[Place, Value] | None:
    value = contents.values[place]
    if value.is_sequence:
        return {}
    return read_as_sequence(place, value, max(MAX_ELEMENTS - len(contents.values), 0))


def _may_be_sequences(place: Place, one: Contents, other: Contents) -> bool:
    """Whether one is a sequence, or both may be, and the other may be one as well."""
    pair = one.values[place], other.values[place]
    are_sequences = [each.is_sequence for each in pair]
    if all(are_sequences) or not all(each.is_sequence or each.vr == VR.UN for each in pair):
        return False
    return vr_of(place[1]) in {None, VR.SQ} and (any(are_sequences) or not _are_same(*pair))


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two values of an element, each with the VR that it is taken to have."""

    first: Value
    second: Value
    vrs: tuple[str, str]
    have_vrs: bool

    @classmethod
    def at(cls, place: Place, one: Contents, other: Contents) -> "_Pair | None":
        """Those at a place; None where either has none."""
        first, second = one.values.get(place), other.values.get(place)
        if first is None or second is None:
            return None
        vrs = _vr(place[1], first), _vr(place[1], second)
        knows_vr = [
            contents.has_vrs and value.vr != VR.UN
            for contents, value in ((one, first), (other, second))
        ]
        if knows_vr[0] != knows_vr[1]:
            vrs = (vrs[0], vrs[0]) if knows_vr[0] else (vrs[1], vrs[1])
        return cls(first, second, vrs, one.has_vrs and other.has_vrs)

    @property
    def is_alike(self) -> bool:
        """Whether it is the same value, however it is written."""
        texts = self._texts
        if texts is None:
            return _are_same(self.first, self.second) or self._is_padded
        # What is no character could be any.
        is_told = REPLACEMENT not in texts[0] or _unpadded(self.first) == _unpadded(self.second)
        return texts[0] == texts[1] and is_told

    @property
    def written_otherwise(self) -> Writing | None:
        """What of the writing differs, of a value that is the same."""
        if _are_same(self.first, self.second):
            is_other_vr = self.have_vrs and self.first.vr != self.second.vr
            return Writing.VR if is_other_vr else None
        is_padding = self._texts is None or _unpadded(self.first) == _unpadded(self.second)
        return Writing.PADDING if is_padding else Writing.CHARACTER_CODES

    @property
    def _texts(self) -> tuple[str, str] | None:
        """Both as text, without padding, if they can only be compared so."""
        first, second = self.first, self.second
        if first.raw is None or second.raw is None or not all(map(is_text, self.vrs)):
            return None
        if first.raw == second.raw and first.charset == second.charset:
            return None
        one, other = (
            "\\".join(read_texts(value.raw or b"", vr, value.charset))
            for value, vr in zip((first, second), self.vrs, strict=True)
        )
        return one, other

    @property
    def _is_padded(self) -> bool:
        """Whether one is the other made even, or both are, each with another character.

        PS3.5 section 6.2; a space, or NUL, which UIDs and bytes have.
        """
        if not _PADDED_VRS.issuperset(self.vrs):
            return False
        shorter, longer = sorted((self.first, self.second), key=lambda each: each.length)
        one, other = shorter.digests, longer.digests
        padding = b"\0" if _BYTE_VRS & {*self.vrs} else b" \0"
        if longer.length % 2 or other.last not in padding or not other.last:
            return False
        if longer.length == shorter.length + 1:
            return one.whole == other.start
        has_padding = all(map(is_text, self.vrs)) and one.last in padding
        return has_padding and longer.length == shorter.length and one.start == other.start


def _vr(tag: Tag, value: Value) -> str:
    """As the object has it; where that is no help, as PS3.6 has it."""
    if value.is_sequence:
        return VR.SQ
    return (vr_of(tag) or VR.UN) if value.vr == VR.UN else value.vr


def _are_same(first: Value, second: Value) -> bool:
    """Whether they have the same bytes, or are sequences of as many items."""
    if first.length != second.length or first.items != second.items:
        return False
    if first.raw is not None and second.raw is not None:
        return first.raw == second.raw
    return first.is_sequence or first.digests.whole == second.digests.whole


def _unpadded(value: Value) -> bytes:
    """The bytes of text that may be no padding."""
    return (value.raw or b"").translate(None, b" \0")


def _difference(place: Place, one: Contents, other: Contents) -> Difference:
    pair = _Pair.at(place, one, other)
    if pair is None:
        first, second = (_shown(place[1], each.values.get(place)) for each in (one, other))
        return Difference(*_named(place), first, second)
    first, second = map(_cut, map(Value.shown, (pair.first, pair.second), pair.vrs))
    if first == second:
        first = f"{first} ({pair.first.described})"
        second = f"{second} ({pair.second.described})"
    return Difference(*_named(place), first, second)


def _shown(tag: Tag, value: Value | None) -> str | None:
    return None if value is None else _cut(value.shown(_vr(tag, value)))


def _cut(value: str) -> str:
    """A value that fits a line and no terminal obeys."""
    cut = value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 3]}..."
    return "".join(each if each.isprintable() else "?" for each in cut)


def _order(place: Place) -> tuple[tuple[int, ...], ...]:
    """A sequence before what is in its items."""
    path, tag = place
    return (*path, (tag,))


def _named(place: Place) -> tuple[str, str, str]:
    """Its path, tag and keyword."""
    path, tag = place
    return "/".join(map(_item, path)), format_tag(tag), keyword_of(tag) or ""


def _item(step: tuple[Tag, int]) -> str:
    tag, number = step
    name = keyword_of(tag) or format_tag(tag)
    return f"{name}[{number}]" if number >= 0 else f"{name}[repeated {-number}]"
