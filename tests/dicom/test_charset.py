import warnings

import pydicom.charset
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.multival import MultiValue

from pacsd.dicom.charset import (
    DEFAULT_CHARACTER_SET,
    CharacterSet,
    character_set,
    decode_text,
    delimiters,
    encode_text,
)
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.values import read_texts
from pacsd.dicom.walk import Path, walk
from tests.dicom.character_sets import EXAMPLES
from tests.dicom.corpus import CorpusObject, files, objects


@pytest.mark.parametrize(("declared", "raw", "text"), EXAMPLES)
def test_examples_of_the_standard(declared: bytes, raw: bytes, text: str) -> None:
    charset = character_set(declared)
    assert decode_text(raw, charset, "PN") == (text, ())
    assert encode_text(text, charset, "PN") == raw


# ISO_IR 203 is newer than its edition of the standard; of ISO-IR 58 it leaves the escape sequences
# in the text.
NOT_IN_PYDICOM = {b"ISO_IR 203", b"\\ISO 2022 IR 58"}


@pytest.mark.parametrize(("declared", "raw", "text"), EXAMPLES)
def test_what_we_write_pydicom_reads(declared: bytes, raw: bytes, text: str) -> None:
    if declared in NOT_IN_PYDICOM:
        return
    codecs = pydicom.charset.convert_encodings(declared.decode().split("\\"))
    assert pydicom.charset.decode_bytes(raw, codecs, {0x5C, 0x5E, 0x3D}) == text


DECLARED = sorted({declared for declared, *_ in EXAMPLES})


@given(st.sampled_from(DECLARED).map(character_set), st.text(max_size=20), st.data())
def test_round_trip(charset: CharacterSet, free: str, data: st.DataObject) -> None:
    alphabet = "".join(text for *_, text in EXAMPLES) + "\r\n\\~ -"
    for text in (free, data.draw(st.text(alphabet, max_size=20))):
        for vr in ("PN", "LO", "UT"):
            raw = encode_text(text, charset, vr)
            if raw is not None:
                decoded, quirks = decode_text(raw, charset, vr)
                assert (decoded, quirks) == (text, ())


@given(st.binary(max_size=64), st.sampled_from(DECLARED), st.sampled_from(["PN", "LO", "UT"]))
def test_decoding_never_fails(raw: bytes, declared: bytes, vr: str) -> None:
    escaped = raw.replace(b"\x80", b"\x1b").replace(b"\x81", b"\x1b$B").replace(b"\x82", b"\x1b-F")
    for data in (raw, escaped):
        text, quirks = decode_text(memoryview(data), character_set(declared), vr)
        assert "\ufffd" not in text or quirks or declared in {b"ISO_IR 192", b"GB18030"}


def test_what_is_in_no_set_cannot_be_encoded() -> None:
    assert encode_text("山", character_set(b"ISO_IR 100")) is None
    assert encode_text("é", DEFAULT_CHARACTER_SET) is None
    assert encode_text("é山", character_set(b"\\ISO 2022 IR 87")) is None
    assert encode_text("\ud800", character_set(b"ISO_IR 192")) is None
    assert encode_text("\x1b$B", character_set(b"\\ISO 2022 IR 87")) is None


def test_delimiters_end_code_extensions() -> None:
    greek = b"\xc4\x1b-F\xc4%b\xc4"
    charset = character_set(b"ISO 2022 IR 100\\ISO 2022 IR 126")
    for vr in ("PN", "LO", "UT"):
        for delimiter in "^=\\\r\n\t\f":
            text, _ = decode_text(greek.replace(b"%b", delimiter.encode()), charset, vr)
            last = "Ä" if delimiter in delimiters(vr) else "Δ"
            assert text == f"ÄΔ{delimiter}{last}"


def test_two_byte_characters_may_look_like_delimiters() -> None:
    # 3D, 5C and 5E are second bytes of kanji; in GB18030 also of hanzi.
    charset = character_set(b"\\ISO 2022 IR 87")
    raw = b"\x1b$B;3\x30\x5c\x30\x5e\x30\x3d\x1b(B^x"
    text, quirks = decode_text(raw, charset, "PN")
    assert len(text) == 6
    assert text.endswith("^x")
    assert quirks == ()
    assert read_texts("山\\囎".encode("gb18030"), "LO", character_set(b"GB18030")) == ("山", "囎")


# Row: (0008,0005), bytes, text, what was odd.
QUIRKS = [
    (b"ISO-IR 100", b"\xe9", "é", {QuirkKind.MISSPELT_CHARACTER_SET}),
    (b"iso_ir 100", b"\xe9", "é", {QuirkKind.MISSPELT_CHARACTER_SET}),
    (b"ISO_2022_IR_126", b"\xc4", "Δ", {QuirkKind.MISSPELT_CHARACTER_SET}),
    (b"KOI8", b"a", "a", {QuirkKind.UNKNOWN_CHARACTER_SET}),
    (b"", b"\xe9", "é", {QuirkKind.UNDECLARED_TEXT}),
    (b"\\ISO 2022 IR 126", b"\xc4", "Δ", {QuirkKind.UNDECLARED_TEXT}),
    (b"", b"\x1b-F\xc4", "Δ", {QuirkKind.UNDECLARED_TEXT}),
    (b"", b"a\x1b%Gb", "a\ufffd%Gb", {QuirkKind.UNDECODABLE_TEXT}),
    (b"", b"a\x1b", "a\ufffd", {QuirkKind.UNDECODABLE_TEXT}),
    (b"ISO_IR 192", b"a\xe9", "a\ufffd", {QuirkKind.UNDECODABLE_TEXT}),
    (b"GB18030", b"a\xff", "a\ufffd", {QuirkKind.UNDECODABLE_TEXT}),
    (b"ISO_IR 192", b"a\x1b-Fb", "a\x1b-Fb", set()),
    (b"ISO_IR 13", b"\xff", "\ufffd", {QuirkKind.UNDECODABLE_TEXT}),
    (b"ISO_IR 127", b"\xa1", "\ufffd", {QuirkKind.UNDECODABLE_TEXT}),
    (b"\\ISO 2022 IR 87", b"\x1b$B;3E", "山\ufffd", {QuirkKind.UNDECODABLE_TEXT}),
    (b"\\ISO 2022 IR 149", b"\x1b$)C\xfb", "\ufffd", {QuirkKind.UNDECODABLE_TEXT}),
    (b"ISO 2022 IR 87", b"Yamada \x1b$B;3ED\x1b(B", "Yamada 山田", set()),
    (b"ISO_IR 192\\ISO 2022 IR 87", "山".encode(), "山", set()),
    (b"ISO_IR 100 ", b"\xe9", "é", set()),
]


@pytest.mark.parametrize(("declared", "raw", "text", "quirks"), QUIRKS)
def test_quirks(declared: bytes, raw: bytes, text: str, quirks: set[QuirkKind]) -> None:
    decoded = decode_text(raw, character_set(declared), "PN")
    assert decoded == (text, decoded.quirks)
    assert set(decoded.quirks) == quirks


TEXT = ("LO", "LT", "PN", "SH", "ST", "UC", "UT")


def texts(each: CorpusObject) -> dict[tuple[Path, int], tuple[str, ...]]:
    """Every text of an object by path and tag, in the character set of the item it stands in."""
    charsets: dict[Path, CharacterSet] = {}
    found: dict[tuple[Path, int], tuple[str, ...]] = {}
    for path, element in walk(each.inflated, each.syntax, stop_before=0x7FE00010):
        raw = each.inflated[element.offset : element.offset + element.length]
        if element.tag == 0x00080005:
            charsets[path] = character_set(raw)
        elif element.vr in TEXT:
            outer = (path[:depth] for depth in range(len(path), -1, -1))
            charset = next((charsets[at] for at in outer if at in charsets), DEFAULT_CHARACTER_SET)
            found[path, element.tag] = read_texts(raw, element.vr, charset)
    return found


def charset_objects() -> list[CorpusObject]:
    return [each for each in objects() if each.path.parent.name in {"charset_files", "charset"}]


@pytest.mark.parametrize("each", charset_objects(), ids=lambda each: each.path.name)
def test_charset_files_decode_as_in_pydicom(each: CorpusObject) -> None:
    mine = texts(each)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = each.as_pydicom_reads()
        compared = 0
        for (path, tag), values in mine.items():
            at = ds
            for sequence, number in path:
                at = at[sequence].value[number]
            at.decode()
            value = at[tag].value
            theirs = value if isinstance(value, MultiValue) else [value]
            # pydicom leaves out empty component groups at the end of a Person Name.
            assert [one.rstrip("=") for one in values] == [str(one) for one in theirs if one]
            compared += any(not one.isascii() for one in values)
    assert compared or each.path.name.startswith(("empty", "chrJapMultiExplicit")), each.path


def test_there_are_charset_files() -> None:
    assert len(charset_objects()) >= 15
    assert any(path.parent.name == "charset_files" for path in files())
