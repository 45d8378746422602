"""Names that sound alike: American Soundex, for Fuzzy Semantic Matching (PS3.4 section C.2.2.2.1).

The algorithm of the National Archives of the United States: the first letter and three digits of
the consonants behind it. Each word of a name has its own code; a word in another script than Latin
stands for itself.
"""

import re
from functools import lru_cache
from itertools import groupby

from pacsd.dicom.folding import fold

_WORD = re.compile(r"[^\W\d_]+")
_DIGITS = {
    letter: digit
    for digit, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1)
    for letter in letters
}
_CODE_DIGITS = 3
_KEPT = 1_024
_KEPT_CHARACTERS = 128
"""Codes of longer names are not kept: hardly anybody has one, and a peer could send many."""


def sounds_alike(wanted: str, name: str) -> bool:
    """Whether each word of one name sounds like some word of the other, in whatever order."""
    codes = sound_codes(wanted)
    return bool(codes) and codes <= sound_codes(name)


def sound_codes(name: str) -> frozenset[str]:
    """The codes of a name's words, over all its component groups."""
    return _kept_codes(name) if len(name) <= _KEPT_CHARACTERS else _codes(name)


@lru_cache(maxsize=_KEPT)
def _kept_codes(name: str) -> frozenset[str]:
    return _codes(name)


def _codes(name: str) -> frozenset[str]:
    return frozenset(map(soundex, _WORD.findall(fold(name))))


def soundex(word: str) -> str:
    """The code of a word in lower case: `robert` and `rupert` are `r163`."""
    if not word.isascii():
        return word
    # Letters of the same digit in a row are one, even with h or w between them.
    sounds = word[0] + word[1:].replace("h", "").replace("w", "")
    digits = [_DIGITS.get(letter, 0) for letter in sounds]
    _, *behind_first = (digit for digit, _ in groupby(digits))
    code = "".join(str(digit) for digit in behind_first if digit)[:_CODE_DIGITS]
    return word[0] + code.ljust(_CODE_DIGITS, "0")
