r"""Keys of queries and retrievals as people write them, and the Identifier they make.

StudyDate=20260101- is a keyword (PS3.6) and what is to match, (0010,0010)=SMITH* a tag; of an item
of a sequence it is ProcedureCodeSequence.CodeValue=X. Without a value, everything matches and the
attribute is to be told. Several values: StudyInstanceUID=1.2.3\1.2.4, or the key again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is one
from typing import TypeAlias

from pacsd.dicom.answer import AnswerWriter, Field, Fields
from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET
from pacsd.dicom.dictionary import keyword_meant, keyword_of, tag_of, vr_of
from pacsd.dicom.errors import TagError
from pacsd.dicom.header_writer import MAX_SHORT_LENGTH
from pacsd.dicom.headers import layout_of
from pacsd.dicom.identifier import QUERY_RETRIEVE_LEVEL
from pacsd.dicom.level import Level
from pacsd.dicom.query import ReturnKey
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag, format_tag, parse_tag
from pacsd.dicom.text import printable
from pacsd.dicom.values import IN_CHARACTER_SET, NUMBER_CODES
from pacsd.dicom.vr import VR, has_long_length, is_text

Path: TypeAlias = tuple[Tag, ...]
"""A tag, after those of the sequences it is in."""

_WHOLE = frozenset({VR.SS, VR.US, VR.SL, VR.UL, VR.SV, VR.UV})

_OURS = {
    SPECIFIC_CHARACTER_SET: "the text of the other keys",
    QUERY_RETRIEVE_LEVEL: "the level of the query",
}


class QueryKeyError(ValueError):
    """A key that cannot be asked for; the text says which, and why not."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of an Identifier; without value and keys everything matches (C.2.2.2.3)."""

    tag: Tag
    vr: VR
    value: str = ""
    keys: "tuple[Key, ...]" = ()

    @property
    def values(self) -> list[str]:
        """Its values one by one."""
        return self.value.split("\\") if self.value else []


def read_keys(texts: Iterable[str]) -> tuple[Key, ...]:
    """The keys that are written so, in the order in which they were first named.

    Raises:
        QueryKeyError: one of them cannot be read.
    """
    root = _Draft()
    for text in texts:
        name, _, value = text.partition("=")
        draft = root
        for part in name.split("."):
            draft = draft.inner.setdefault(tag_named(part), _Draft())
        if value:
            draft.values.append(value)
    return tuple(_key((tag,), draft) for tag, draft in root.inner.items())


def tag_named(text: str) -> Tag:
    """The tag of a keyword, or written as one.

    Raises:
        QueryKeyError: it is neither; the text names the keyword that was probably meant.
    """
    tag = tag_of(text)
    if tag is not None:
        return tag
    try:
        return parse_tag(text)
    except TagError:
        meant = keyword_meant(text)
        hint = f"; did you mean {meant}?" if meant else ""
        raise QueryKeyError(f"'{printable(text)}' is no keyword and no tag{hint}") from None


def name_of(tag: Tag) -> str:
    """The keyword of a tag, or the tag itself."""
    return keyword_of(tag) or format_tag(tag)


def paths(keys: Iterable[Key]) -> Iterator[Path]:
    """Where each attribute that is asked for stands; of a sequence with keys, only these."""
    for key in keys:
        if key.keys:
            yield from ((key.tag, *path) for path in paths(key.keys))
        else:
            yield (key.tag,)


def encode_identifier(level: Level, keys: Sequence[Key], syntax: TransferSyntax) -> bytes:
    """The Identifier; its text is in Unicode if it is not ASCII (PS3.4 section C.4.1.1.3.1).

    Raises:
        QueryKeyError: a value is too long for the Transfer Syntax.
    """
    if not syntax.is_implicit_vr:
        _check_lengths(keys)
    others = [key for key in keys if key.tag != QUERY_RETRIEVE_LEVEL]
    every = [Key(QUERY_RETRIEVE_LEVEL, VR.CS, level.term), *others]
    writer = AnswerWriter(list(map(_return_key, every)), layout_of(syntax))
    return writer.write(_fields(every))


@dataclass(slots=True)
class _Draft:
    """A key as far as it was read."""

    values: list[str] = field(default_factory=list)
    inner: "dict[Tag, _Draft]" = field(default_factory=dict)


def _key(path: Path, draft: _Draft) -> Key:
    tag = path[-1]
    vr = vr_of(tag) or VR.UN
    name = ".".join(map(name_of, path))
    if tag in _OURS and draft.values:
        raise QueryKeyError(f"{name}: is not asked for, but said by {_OURS[tag]}")
    if draft.inner and vr != VR.SQ:
        raise QueryKeyError(f"{name}: VR {vr}, which has no items (PS3.5 section 7.5)")
    if draft.inner and draft.values:
        raise QueryKeyError(f"{name}: a value beside keys of its items")
    value = "\\".join(draft.values)
    inner = tuple(_key((*path, tag), each) for tag, each in draft.inner.items())
    return Key(tag, vr, checked_value(name, vr, value), inner)


def checked_value(name: str, vr: VR, value: str) -> str:
    """The value of a key, as `AnswerWriter` takes it.

    Raises:
        QueryKeyError: it has none such; `name` is what the key is called there.
    """
    if not value:
        return value
    if vr == VR.SQ:
        raise QueryKeyError(f"{name}: a sequence; {name}.KEYWORD=VALUE asks for one of its items")
    if vr == VR.AT:
        return "\\".join(f"{tag_named(each):08X}" for each in value.split("\\"))
    if vr in NUMBER_CODES:
        for each in value.split("\\"):
            _check_number(name, vr, each)
    elif not is_text(vr):
        raise QueryKeyError(f"{name}: no value can be written in VR {vr}")
    elif not value.isascii() and vr not in IN_CHARACTER_SET:
        raise QueryKeyError(f"{name}: VR {vr} is of ASCII alone (PS3.5 section 6.1.2.2)")
    elif not value.isprintable():
        raise QueryKeyError(f"{name}: '{printable(value)}' has characters that are no text")
    return value


def _check_number(name: str, vr: VR, text: str) -> None:
    try:
        Struct(NUMBER_CODES[vr]).pack(int(text) if vr in _WHOLE else float(text))
    except (ValueError, OverflowError, StructError):
        raise QueryKeyError(f"{name}: '{printable(text)}' is no number of VR {vr}") from None


def _check_lengths(keys: Iterable[Key]) -> None:
    for key in keys:
        _check_lengths(key.keys)
        if len(key.value.encode()) > MAX_SHORT_LENGTH and not has_long_length(key.vr):
            text = f"{name_of(key.tag)}: {len(key.value)} characters, {MAX_SHORT_LENGTH} fit"
            raise QueryKeyError(f"{text} in Explicit VR (PS3.5 section 7.1.2)")


def _return_key(key: Key) -> ReturnKey:
    return ReturnKey(key.tag, key.vr, tuple(map(_return_key, key.keys)))


def _fields(keys: Iterable[Key]) -> Fields:
    return {key.tag: _field(key) for key in keys}


def _field(key: Key) -> Field:
    if key.vr == VR.SQ:
        return Field(key.vr, (_fields(key.keys),) if key.keys else ())
    return Field(key.vr, key.value)
