"""Names folded for matching that sees neither case nor accents (PS3.4 section C.2.2.2.1)."""

import re
import unicodedata

from pacsd.dicom.person_name import parse_person_name

_BACKSLASH = "\\"
# Only the accents of Latin, Greek and Cyrillic letters: the marks of other scripts make letters.
_ACCENTS = re.compile("[\u0300-\u036f]")
# Letters that Unicode does not take apart, as an operator without them would type them.
_LETTERS = str.maketrans({
    "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe",
})  # fmt: skip


def fold(text: str) -> str:
    """The text in lower case without accents; folding it again changes nothing."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = _ACCENTS.sub("", apart).casefold().translate(_LETTERS)
    return unicodedata.normalize("NFKC", bare)


def fold_person_names(text: str) -> str:
    r"""Values of VR PN, joined by `\`, folded; delimiters that end a component group are gone."""
    names = (str(parse_person_name(name)) for name in text.split(_BACKSLASH))
    return fold(_BACKSLASH.join(names))
