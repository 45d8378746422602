"""Character sets for new text in a data set whose other text stays as it is (PS3.5 section 6.1.2).

What is declared already is only ever added to, so that no other byte of the data set means anything
else: by code extensions (PS3.5 section 6.1.2.5). A data set that declares nothing has nothing but
ASCII, and every character set of the standard holds that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pacsd.dicom.charset import CharacterSet, character_set, decode_text, encode_text
from pacsd.dicom.values import IN_CHARACTER_SET

UNICODE = "ISO_IR 192"

_NUMBERS = (100, 101, 109, 110, 144, 127, 126, 138, 148, 203, 166)
_SINGLE_BYTE = tuple(f"ISO_IR {number}" for number in _NUMBERS)
_EXTENSIONS = tuple(f"ISO 2022 IR {number}" for number in (*_NUMBERS, 13, 87, 159, 149, 58))
_WITHOUT_EXTENSIONS = "ISO_IR "
_WITH_EXTENSIONS = "ISO 2022 IR "
_DEFAULT_REPERTOIRE = frozenset({"", "ISO_IR 6"})


@dataclass(frozen=True, slots=True)
class Text:
    """A value with its VR."""

    value: str
    vr: str


@dataclass(frozen=True, slots=True)
class WidenedCharset:
    """The value of Specific Character Set (0008,0005) to declare, and what that means."""

    declared: bytes
    charset: CharacterSet

    def holds(self, text: Text) -> bool:
        """Whether all its characters are in these sets."""
        return self.encode(text) is not None

    def encode(self, text: Text) -> bytes | None:
        """The text as bytes, not padded; None where a character is not in these sets.

        With as few of them as will do: pydicom 3.0 does not read Greek letters of one set amid
        those that JIS X 0208 has as well.
        """
        if text.value.isascii() or text.vr not in IN_CHARACTER_SET:
            return text.value.encode("ascii", errors="replace")
        for charset in self._fewer():
            raw = encode_text(text.value, charset, text.vr)
            if raw is not None and decode_text(raw, self.charset, text.vr).text == text.value:
                return raw
        return None

    def _fewer(self) -> Iterator[CharacterSet]:
        """The first set alone, then with one more, then all."""
        first, *others = self.declared.split(b"\\")
        yield character_set(first)
        for other in others:
            yield character_set(b"\\".join((first, other)))
        yield self.charset


def widened(declared: bytes, texts: Sequence[Text]) -> WidenedCharset:
    """The declared character sets, and as many more as these texts need.

    One that nothing can be added to stays as it is, whether it `holds` them or not: a set without
    code extensions, or one that is misspelt.
    """
    found = _of(declared)
    missing = [text for text in texts if not found.holds(text)]
    if not missing:
        return found
    terms = [term.strip(" \0") for term in declared.decode("latin-1").split("\\")]
    if len(terms) == 1 and terms[0] in _DEFAULT_REPERTOIRE:
        return _first_that_holds(missing)
    if found.charset.takes_escapes and not found.charset.quirks:
        return _extended(terms, missing) or found
    return found


def _first_that_holds(texts: Sequence[Text]) -> WidenedCharset:
    """One byte for a character where that is enough: every peer reads it."""
    each = (_of(term.encode()) for term in _SINGLE_BYTE)
    return next((one for one in each if all(map(one.holds, texts))), _of(UNICODE.encode()))


def _extended(terms: Sequence[str], texts: Sequence[Text]) -> WidenedCharset | None:
    """The same first value, as PS3.3 table C.12-3 spells it beside others, and more behind it.

    None if nothing of what there is holds any of these texts.
    """
    spelt = [term.replace(_WITHOUT_EXTENSIONS, _WITH_EXTENSIONS) for term in terms]
    found = _joined(spelt)
    for text in texts:
        more = (_joined([*spelt, term]) for term in _EXTENSIONS if term not in spelt)
        wider = None if found.holds(text) else next((one for one in more if one.holds(text)), None)
        if wider is not None:
            found, spelt = wider, wider.declared.decode("ascii").split("\\")
    return found if len(spelt) > len(terms) else None


def _joined(terms: Sequence[str]) -> WidenedCharset:
    return _of("\\".join(terms).encode("latin-1"))


def _of(declared: bytes) -> WidenedCharset:
    return WidenedCharset(declared, character_set(declared))
