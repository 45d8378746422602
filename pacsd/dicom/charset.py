"""Specific Character Set (0008,0005): bytes of text to str and back (PS3.5 section 6.1).

Decoding never fails. Bytes that are no character become U+FFFD; bytes of the upper half where no
set was declared for it are read as ISO-IR 100, which is what devices mean that declare nothing;
an escape sequence that is none of the standard's loses its ESC to U+FFFD and stays as text. Each
is named as a quirk.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pacsd.dicom import code_elements as sets
from pacsd.dicom.code_elements import CODE_ELEMENTS, REPLACEMENT, CodeElement
from pacsd.dicom.headers import Buffer
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.vr import VR

_ESC = 0x1B
_NOT_IN_TERM = re.compile(r"[^A-Z0-9]")
_ESCAPED = {each.escape: each for each in CODE_ELEMENTS}
_ESCAPE_LENGTHS = (4, 3)

# PS3.5 section 6.1.2.5.3: before these, value 1 is active again.
_CONTROLS = "\t\n\f\r"
_WITHIN_TWO_BYTES = re.compile(rb"[\t\n\f\r]")
_ENDS = {
    _CONTROLS: _WITHIN_TWO_BYTES,
    _CONTROLS + "\\": re.compile(rb"[\t\n\f\r\\]"),
    _CONTROLS + "\\^=": re.compile(rb"[\t\n\f\r\\^=]"),
}
_HALVES = re.compile(rb"[\x00-\x7f]+|[\x80-\xff]+")
_MULTI_VALUED = frozenset({VR.LO, VR.SH, VR.UC, VR.PN, VR.CS, VR.AE})

# PS3.3 table C.12-5: multi-byte character sets without code extensions.
_STAND_ALONE = {"ISOIR192": "utf-8", "GB18030": "gb18030", "GBK": "gbk"}
_G1_TERMS = {
    "100": sets.LATIN_1, "101": sets.LATIN_2, "109": sets.LATIN_3, "110": sets.LATIN_4,
    "144": sets.CYRILLIC, "127": sets.ARABIC, "126": sets.GREEK, "138": sets.HEBREW,
    "148": sets.LATIN_5, "203": sets.LATIN_9, "166": sets.THAI,
}  # fmt: skip


class Decoded(NamedTuple):
    """Text, and what was odd about its bytes."""

    text: str
    quirks: tuple[QuirkKind, ...]


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """What a data set's (0008,0005) means.

    `codec` stands for value 1 as a whole: Python's codec for text without escape sequences.
    `g0` and `g1` are active where no escape sequence says otherwise, `declared` are those that
    escape sequences may name. `undeclared` decodes the upper half where no G1 set is active.
    """

    codec: str
    g0: CodeElement
    g1: CodeElement | None
    declared: tuple[CodeElement, ...]
    undeclared: CodeElement
    takes_escapes: bool
    quirks: tuple[QuirkKind, ...] = ()


def _terms() -> dict[str, tuple[CodeElement, CodeElement | None]]:
    """Defined Term without its spelling -> G0 and G1."""
    terms: dict[str, tuple[CodeElement, CodeElement | None]] = {
        "": (sets.ASCII, None),
        "ISOIR6": (sets.ASCII, None),
        "ISO2022IR6": (sets.ASCII, None),
        "ISOIR13": (sets.ROMAJI, sets.KATAKANA),
        "ISO2022IR13": (sets.ROMAJI, sets.KATAKANA),
        "ISO2022IR87": (sets.JIS_X_0208, None),
        "ISO2022IR159": (sets.JIS_X_0212, None),
        "ISO2022IR149": (sets.ASCII, sets.KS_X_1001),
        "ISO2022IR58": (sets.ASCII, sets.GB_2312),
        "ISO2022GBK": (sets.ASCII, sets.GB_2312),
        "ISO202258": (sets.ASCII, sets.GB_2312),
    }
    for number, g1 in _G1_TERMS.items():
        terms[f"ISOIR{number}"] = terms[f"ISO2022IR{number}"] = (sets.ASCII, g1)
    return terms


_TERMS = _terms()
_SPELLING = re.compile(r"(ISO_IR \d+|ISO 2022 (IR \d+|GBK|58)|GB18030|GBK|)")


@lru_cache(maxsize=256)
def character_set(raw: bytes) -> CharacterSet:
    """The character sets that the value of (0008,0005) names; b'' when it is absent.

    A misspelt term is taken for the one it resembles, an unknown one for the default repertoire.
    """
    terms = [term.strip(" \0") for term in raw.decode("latin-1").split("\\")]
    keys = [_NOT_IN_TERM.sub("", term.upper()) for term in terms]
    quirks = tuple(dict.fromkeys(_odd_terms(terms, keys)))
    if keys[0] in _STAND_ALONE:
        return _character_set(_STAND_ALONE[keys[0]], sets.ASCII, None, [], quirks)
    known = [_TERMS[key] for key in keys if key in _TERMS] or [_TERMS[""]]
    g0, g1 = known[0]
    if g0.width > 1:
        # PS3.3 section C.12.1.1.2 has no multi-byte G0 set in value 1: escapes lead into it.
        g0 = sets.ASCII
    declared = [element for pair in known for element in pair if element is not None]
    return _character_set(_codec(g0, g1), g0, g1, [sets.ASCII, g0, *declared], quirks)


def _character_set(
    codec: str,
    g0: CodeElement,
    g1: CodeElement | None,
    declared: list[CodeElement],
    quirks: tuple[QuirkKind, ...],
) -> CharacterSet:
    undeclared = next((each for each in declared if each.is_g1), sets.LATIN_1)
    unique = tuple(dict.fromkeys(declared))
    return CharacterSet(codec, g0, g1, unique, undeclared, bool(declared), quirks)


def _odd_terms(terms: list[str], keys: list[str]) -> Iterator[QuirkKind]:
    for term, key in zip(terms, keys, strict=True):
        if key not in _TERMS and key not in _STAND_ALONE:
            yield QuirkKind.UNKNOWN_CHARACTER_SET
        elif not _SPELLING.fullmatch(term):
            yield QuirkKind.MISSPELT_CHARACTER_SET


def _codec(g0: CodeElement, g1: CodeElement | None) -> str:
    """Python's codec for both halves at once; '' when there is none."""
    if g1 is None:
        return g0.codec
    return "" if g1 is sets.KATAKANA else g1.codec


DEFAULT_CHARACTER_SET = character_set(b"")


def decode_text(
    raw: Buffer, charset: CharacterSet = DEFAULT_CHARACTER_SET, vr: str = VR.LO
) -> Decoded:
    """A value field as text, backslashes between its values included; never raises.

    Padding stays. Which characters end a code extension depends on the VR. In multi-byte sets a
    second byte may look like a backslash, so values are separated after this, not before.
    """
    encoded = bytes(raw)
    if charset.codec and not (charset.takes_escapes and _ESC in encoded):
        try:
            return Decoded(encoded.decode(charset.codec), charset.quirks)
        except UnicodeDecodeError:
            pass
    if not charset.takes_escapes:
        text = encoded.decode(charset.codec, errors="replace")
        return Decoded(text, (*charset.quirks, QuirkKind.UNDECODABLE_TEXT))
    decoder = _Decoder(charset, delimiters(vr))
    text = decoder.decode(encoded)
    return Decoded(text, tuple(dict.fromkeys((*charset.quirks, *decoder.quirks))))


def delimiters(vr: str) -> str:
    """The characters before which value 1 is active again (PS3.5 section 6.1.2.5.3)."""
    if vr == VR.PN:
        return _CONTROLS + "\\^="
    return _CONTROLS + "\\" if vr in _MULTI_VALUED else _CONTROLS


class _Decoder:
    """The code extension state of one value: which sets G0 and G1 are."""

    __slots__ = ("_charset", "_delimited", "_g0", "_g1", "quirks")

    def __init__(self, charset: CharacterSet, ends: str) -> None:
        self._charset = charset
        # Within a two-byte set no byte is a delimiter by itself, only controls are.
        self._delimited = {1: _ENDS[ends], 2: _WITHIN_TWO_BYTES}
        self._g0, self._g1 = charset.g0, charset.g1
        self.quirks: list[QuirkKind] = []

    def decode(self, raw: bytes) -> str:
        parts: list[str] = []
        offset = 0
        while offset < len(raw):
            escape = raw.find(_ESC, offset)
            end = escape if escape >= 0 else len(raw)
            parts.extend(self._runs(raw, offset, end))
            offset = end
            if escape >= 0:
                designated = self._designate(raw, escape)
                parts.append("" if designated else REPLACEMENT)
                offset += designated or 1
        return "".join(parts)

    def _runs(self, raw: bytes, start: int, end: int) -> Iterator[str]:
        """Text up to `end`, where no escape sequence stands; delimiters reset the state."""
        while start < end:
            found = self._delimited[self._g0.width].search(raw, start, end)
            stop = found.start() if found else end
            yield from map(self._decoded, self._parts(raw[start:stop]))
            start = stop
            if found:
                self._g0, self._g1 = self._charset.g0, self._charset.g1
                yield chr(raw[stop])
                start += 1

    def _parts(self, run: bytes) -> list[bytes]:
        """What one code element can decode: those of G1 take ASCII too, if not katakana."""
        upper = self._g1 or self._charset.undeclared
        is_one = self._g0.width == 1 and upper is not sets.KATAKANA
        return [run] if is_one else _HALVES.findall(run)

    def _decoded(self, part: bytes) -> str:
        active = self._g0 if part.isascii() else self._g1
        if active is None:
            self.quirks.append(QuirkKind.UNDECLARED_TEXT)
            active = self._charset.undeclared
        text, is_clean = active.decode(part)
        if not is_clean:
            self.quirks.append(QuirkKind.UNDECODABLE_TEXT)
        return text

    def _designate(self, raw: bytes, offset: int) -> int:
        """Act on an escape sequence; its length, or 0 for one that is none of the standard's."""
        for length in _ESCAPE_LENGTHS:
            element = _ESCAPED.get(raw[offset : offset + length])
            if element is None:
                continue
            if element not in self._charset.declared:
                self.quirks.append(QuirkKind.UNDECLARED_TEXT)
            if element.is_g1:
                self._g1 = element
            else:
                self._g0 = element
            return length
        self.quirks.append(QuirkKind.UNDECODABLE_TEXT)
        return 0


def encode_text(
    value: str, charset: CharacterSet = DEFAULT_CHARACTER_SET, vr: str = VR.LO
) -> bytes | None:
    """The text in these character sets, with escape sequences where they are needed; unpadded.

    None when a character is in none of them.
    """
    if not charset.takes_escapes or "\x1b" in value:
        return _encoded(value, charset.codec) if not charset.takes_escapes else None
    plain = _encoded(value, charset.codec) if charset.codec else None
    if plain is not None and (charset.g1 is None or charset.g1.width == 1):
        return plain
    return _Encoder(charset, delimiters(vr)).encode(value)


def _encoded(value: str, codec: str) -> bytes | None:
    try:
        return value.encode(codec)
    except UnicodeEncodeError:
        return None


class _Encoder:
    """Writes characters, and escape sequences when another set must become active."""

    __slots__ = ("_charset", "_ends", "_g0", "_g1")

    def __init__(self, charset: CharacterSet, ends: str) -> None:
        self._charset = charset
        self._ends = ends
        # Value 1's G1 set is active without an escape sequence, unless it takes two bytes: PS3.5
        # annexes I and K designate it in every component all the same.
        self._g0, self._g1 = charset.g0, self._first_g1()

    def encode(self, value: str) -> bytes | None:
        parts: list[bytes] = []
        for character in value:
            if character in self._ends:
                parts.extend((self._reset(), character.encode()))
                continue
            encoded = self._character(character)
            if encoded is None:
                return None
            parts.append(encoded)
        parts.append(self._reset())
        return b"".join(parts)

    def _character(self, character: str) -> bytes | None:
        for element in self._candidates():
            encoded = element.encode(character)
            if encoded is not None:
                return self._activate(element) + encoded
        return None

    def _candidates(self) -> Iterator[CodeElement]:
        """Sets in the order of preference: those active now first."""
        yield self._g0
        if self._g1 is not None:
            yield self._g1
        yield from self._charset.declared

    def _activate(self, element: CodeElement) -> bytes:
        if element in {self._g0, self._g1}:
            return b""
        if element.is_g1:
            self._g1 = element
        else:
            self._g0 = element
        return element.escape

    def _reset(self) -> bytes:
        """Back to value 1 before a delimiter or the end; only G0 is written (PS3.5 annex H.3)."""
        self._g1 = self._first_g1()
        return self._activate(self._charset.g0)

    def _first_g1(self) -> CodeElement | None:
        g1 = self._charset.g1
        return g1 if g1 is None or g1.width == 1 else None
