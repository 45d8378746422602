"""The coded character sets of PS3.3 tables C.12-2 to C.12-5, one code element each.

A code element fills the lower half of a byte's values (G0, 21-7E) or the upper one (G1, A0-FE).
Python's codecs know most of them; here they are cut to that half.
"""

import re
from dataclasses import dataclass

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_HIGH_BIT = 0x80
_TO_HIGH = bytes(value | _HIGH_BIT for value in range(256))
_TO_LOW = bytes(value & ~_HIGH_BIT for value in range(256))
_PAIRS = re.compile(rb"(?:[\x21-\x7e][\x21-\x7e])+|[\x00-\xff]")
_FIRST_GRAPHIC, _LAST_GRAPHIC = 0x21, 0x7E
_KATAKANA_TO_UNICODE = 0xFF61 - 0xA1
_KATAKANA = range(0xA1, 0xE0)
_JIS_X_0212_SHIFT = b"\x8f"


@dataclass(frozen=True, slots=True)
class CodeElement:
    """One set of graphic characters and the escape sequence that designates it.

    `codec` decodes the set's bytes in the upper half (of G0 sets with the high bit set).
    """

    name: str
    escape: bytes
    codec: str
    is_g1: bool
    width: int = 1

    def decode(self, raw: bytes) -> tuple[str, bool]:
        """Bytes of this half as text; what is no character becomes REPLACEMENT, and False.

        Python's codecs of G1 sets take ASCII between them.
        """
        if self.width == 2 and not self.is_g1:  # noqa: PLR2004
            return self._decode_pairs(raw)
        if self.codec == "katakana":
            return _decode_katakana(raw)
        return _decoded(raw, self.codec)

    def encode(self, character: str) -> bytes | None:
        """One character as bytes of this half; None when the set does not hold it."""
        if self.codec == "katakana":
            code = ord(character) - _KATAKANA_TO_UNICODE
            return bytes((code,)) if code in _KATAKANA else None
        try:
            raw = character.encode(self.codec)
        except UnicodeEncodeError:
            return None
        if self.codec == "euc_jp":
            return self._encoded_jis(raw)
        is_high = all(byte >= _HIGH_BIT for byte in raw)
        return raw if len(raw) == self.width and is_high == self.is_g1 else None

    def _decode_pairs(self, raw: bytes) -> tuple[str, bool]:
        """Two-byte characters in the lower half; controls and spaces may stand between them."""
        shift = _JIS_X_0212_SHIFT if self.name == "ISO-IR 159" else b""
        parts: list[str] = []
        is_clean = True
        for run in _PAIRS.findall(raw):
            if len(run) == 1:
                is_lone = _FIRST_GRAPHIC <= run[0] <= _LAST_GRAPHIC
                is_clean = is_clean and not is_lone
                parts.append(REPLACEMENT if is_lone else chr(run[0]))
                continue
            high = run.translate(_TO_HIGH)
            if shift:
                high = b"".join(shift + high[at : at + 2] for at in range(0, len(high), 2))
            text, is_good = _decoded(high, self.codec)
            parts.append(text)
            is_clean = is_clean and is_good
        return "".join(parts), is_clean

    def _encoded_jis(self, raw: bytes) -> bytes | None:
        shift = _JIS_X_0212_SHIFT if self.name == "ISO-IR 159" else b""
        code = raw.removeprefix(shift)
        is_own = len(raw) == len(shift) + self.width and min(code) > 0xA0  # noqa: PLR2004
        return code.translate(_TO_LOW) if is_own else None


def _decoded(raw: bytes, codec: str) -> tuple[str, bool]:
    try:
        return raw.decode(codec), True
    except UnicodeDecodeError:
        return raw.decode(codec, errors="replace"), False


def _decode_katakana(raw: bytes) -> tuple[str, bool]:
    text = "".join(
        chr(byte + _KATAKANA_TO_UNICODE) if byte in _KATAKANA else REPLACEMENT for byte in raw
    )
    return text, REPLACEMENT not in text


def _g1(name: str, final: bytes, codec: str) -> CodeElement:
    return CodeElement(name, b"\x1b-" + final, codec, is_g1=True)


ASCII = CodeElement("ISO-IR 6", b"\x1b(B", "ascii", is_g1=False)
# Its yen sign and overline stand where ASCII has backslash and tilde, and delimit as those do.
ROMAJI = CodeElement("ISO-IR 14", b"\x1b(J", "ascii", is_g1=False)
KATAKANA = CodeElement("ISO-IR 13", b"\x1b)I", "katakana", is_g1=True)
LATIN_1 = _g1("ISO-IR 100", b"A", "iso8859_1")
LATIN_2 = _g1("ISO-IR 101", b"B", "iso8859_2")
LATIN_3 = _g1("ISO-IR 109", b"C", "iso8859_3")
LATIN_4 = _g1("ISO-IR 110", b"D", "iso8859_4")
CYRILLIC = _g1("ISO-IR 144", b"L", "iso8859_5")
ARABIC = _g1("ISO-IR 127", b"G", "iso8859_6")
GREEK = _g1("ISO-IR 126", b"F", "iso8859_7")
HEBREW = _g1("ISO-IR 138", b"H", "iso8859_8")
LATIN_5 = _g1("ISO-IR 148", b"M", "iso8859_9")
LATIN_9 = _g1("ISO-IR 203", b"b", "iso8859_15")
THAI = _g1("ISO-IR 166", b"T", "iso8859_11")
JIS_X_0208 = CodeElement("ISO-IR 87", b"\x1b$B", "euc_jp", is_g1=False, width=2)
JIS_X_0212 = CodeElement("ISO-IR 159", b"\x1b$(D", "euc_jp", is_g1=False, width=2)
KS_X_1001 = CodeElement("ISO-IR 149", b"\x1b$)C", "euc_kr", is_g1=True, width=2)
GB_2312 = CodeElement("ISO-IR 58", b"\x1b$)A", "gb2312", is_g1=True, width=2)

CODE_ELEMENTS = (
    ASCII, ROMAJI, KATAKANA, LATIN_1, LATIN_2, LATIN_3, LATIN_4, CYRILLIC, ARABIC, GREEK, HEBREW,
    LATIN_5, LATIN_9, THAI, JIS_X_0208, JIS_X_0212, KS_X_1001, GB_2312,
)  # fmt: skip
