import pytest

from pacsd.dicom.code_elements import (
    ASCII,
    CODE_ELEMENTS,
    GB_2312,
    JIS_X_0208,
    JIS_X_0212,
    KATAKANA,
    KS_X_1001,
    REPLACEMENT,
    CodeElement,
)

# Python takes this set's tilde for that of ASCII.
ONE_WAY = {("ISO-IR 159", b'"7')}


def of_set(each: CodeElement) -> list[bytes]:
    """Every code of a set's half of the byte values."""
    single = range(0xA0, 0x100) if each.is_g1 else range(0x80)
    if each.width == 1:
        return [bytes((code,)) for code in single]
    pair = range(0xA1, 0xFF) if each.is_g1 else range(0x21, 0x7F)
    return [bytes((first, second)) for first in pair for second in pair]


@pytest.mark.parametrize("each", CODE_ELEMENTS, ids=lambda each: each.name)
def test_every_character_comes_back(each: CodeElement) -> None:
    characters = 0
    for code in of_set(each):
        text, is_clean = each.decode(code)
        if is_clean:
            assert each.encode(text) == code or (each.name, code) in ONE_WAY
            characters += 1
        else:
            assert REPLACEMENT in text
            assert all(each.encode(character) != code for character in text)
    assert characters > {1: 45, 2: 6000}[each.width]


@pytest.mark.parametrize(
    ("each", "raw", "text"),
    [
        (JIS_X_0208, b";3ED", "山田"),
        (JIS_X_0212, b"0!", "丂"),
        (KS_X_1001, b"\xfb\xf3", "洪"),
        (GB_2312, b"\xd5\xc5", "张"),
        (KATAKANA, b"\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ"),
        (JIS_X_0208, b";3 ED\r\n", "山 田\r\n"),
    ],
)
def test_characters_of_a_set(each: CodeElement, raw: bytes, text: str) -> None:
    assert each.decode(raw) == (text, True)


@pytest.mark.parametrize(
    ("each", "raw", "text"),
    [
        (JIS_X_0208, b";3E", "山" + REPLACEMENT),
        (KATAKANA, b"\xd4\xff", "ﾔ" + REPLACEMENT),
        (KS_X_1001, b"\xfb\xf3\xff", "洪" + REPLACEMENT),
    ],
)
def test_what_is_no_character_is_replaced(each: CodeElement, raw: bytes, text: str) -> None:
    assert each.decode(raw) == (text, False)


def test_what_a_set_does_not_hold_is_not_encoded() -> None:
    assert ASCII.encode("é") is None
    assert KATAKANA.encode("a") is None
    assert JIS_X_0208.encode("a") is None
    assert JIS_X_0208.encode("丂") is None
    assert JIS_X_0212.encode("山") is None
    assert KS_X_1001.encode("a") is None


def test_escape_sequences_differ() -> None:
    assert len({each.escape for each in CODE_ELEMENTS}) == len(CODE_ELEMENTS)
