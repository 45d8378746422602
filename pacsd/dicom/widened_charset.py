"""Character sets for new text in a data set whose other text stays as it is (PS3.5 section 6.1.2).

What is declared already is only ever added to, so that no other byte of the data set means anything
else: by code extensions (PS3.5 section 6.1.2.5). A data set that declares nothing may have bytes of
the upper half all the same, and they are read as ISO-IR 100 (see `charset`). Whether it has any is
not known before all of it is there: so ISO-IR 100 is declared for it, and added to. Never Unicode,
in which such bytes would be no characters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pacsd.dicom.charset import CharacterSet, character_set, decode_text, encode_text
from pacsd.dicom.values import IN_CHARACTER_SET

_SINGLE_BYTE = (100, 101, 109, 110, 144, 127, 126, 138, 148, 203, 166)
_EXTENSIONS = tuple(f"ISO 2022 IR {number}" for number in (*_SINGLE_BYTE, 13, 87, 159, 149, 58))
_LATIN_1, _MORE_LATIN_1 = "ISO_IR 100", "ISO 2022 IR 100"
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
        return _latin_1(missing) or found
    if found.charset.takes_escapes and not found.charset.quirks:
        return _extended(terms, missing) or found
    return found


def _latin_1(texts: Sequence[Text]) -> WidenedCharset | None:
    """ISO-IR 100, with more behind it where it does not hold all; None if that holds none."""
    alone = _of(_LATIN_1.encode())
    if all(map(alone.holds, texts)):
        return alone
    return _extended([_LATIN_1], texts) or (alone if any(map(alone.holds, texts)) else None)


def _extended(terms: Sequence[str], texts: Sequence[Text]) -> WidenedCharset | None:
    """The same first value, as PS3.3 table C.12-3 spells it beside others, and more behind it.

    None if nothing of what there is holds any of these texts.
    """
    spelt = [term.replace(_WITHOUT_EXTENSIONS, _WITH_EXTENSIONS) for term in terms]
    found = _joined(spelt)
    for text in texts:
        more = (_with_one_more(spelt, term) for term in _EXTENSIONS if term not in spelt)
        wider = None if found.holds(text) else next((one for one in more if one.holds(text)), None)
        if wider is not None:
            found, spelt = wider, wider.declared.decode("ascii").split("\\")
    return found if len(spelt) > len(terms) else None


def _with_one_more(terms: Sequence[str], term: str) -> WidenedCharset:
    """Bytes of the upper half that no set was declared for keep what they are read as."""
    wider, before = _joined([*terms, term]), _joined(terms)
    if wider.charset.undeclared is before.charset.undeclared:
        return wider
    return _joined([*terms, _MORE_LATIN_1, term])


def _joined(terms: Sequence[str]) -> WidenedCharset:
    return _of("\\".join(terms).encode("latin-1"))


def _of(declared: bytes) -> WidenedCharset:
    return WidenedCharset(declared, character_set(declared))
