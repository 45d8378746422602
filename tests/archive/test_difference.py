from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from pacsd.api.errors import StoreError
from pacsd.archive import contents, difference
from pacsd.archive.difference import (
    Comparison,
    Difference,
    Writing,
    WrittenOtherwise,
    compare,
)
from pacsd.dicom.code_elements import REPLACEMENT
from pacsd.dicom.part10 import decode_file_meta
from pacsd.dicom.reencode import Reencoder
from pacsd.dicom.registry import TransferSyntax
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.test_contents import digest_of
from tests.archive.test_sameness import BIG, DEFLATED, EXPLICIT, IMPLICIT, encoded, stored
from tests.dicom import written
from tests.dicom.written import element, item, sequence

PATIENT_NAME = 0x00100010
SPECIFIC_CHARACTER_SET = 0x00080005
PRIVATE = 0x00091001
ALIKE = Comparison((), False, "", "")


async def compared(
    first: bytes, second: bytes, first_uid: str = EXPLICIT, second_uid: str = EXPLICIT
) -> Comparison:
    store = MemoryStore()
    one, other = await stored(store, first, first_uid), await stored(store, second, second_uid)
    return await compare(store, (one, first_uid), (other, second_uid))


def real(name: str) -> tuple[bytes, str]:
    """The data set of a file of pydicom's, and its Transfer Syntax."""
    raw = Path(str(get_testdata_file(name))).read_bytes()
    meta, start = decode_file_meta(raw)
    return raw[start:], meta.transfer_syntax_uid


def reencoded(data: bytes, source: TransferSyntax, target: TransferSyntax) -> bytes:
    reencoder = Reencoder(source, target)
    pieces = [bytes(piece) for piece in reencoder.feed(data)]
    return b"".join((*pieces, *map(bytes, reencoder.finish())))


def without_vrs(data: bytes) -> bytes:
    """The same in Explicit VR by one who knows no private VR: UN."""
    return reencoded(encoded(IMPLICIT, data), written.IMPLICIT, written.EXPLICIT)


def only(found: Comparison) -> tuple[str | None, str | None]:
    [each] = found.differences
    return each.first, each.second


async def test_the_same_has_no_differences() -> None:
    assert await compared(data_set(), data_set()) == ALIKE
    assert await compared(encoded(EXPLICIT), encoded(IMPLICIT), EXPLICIT, IMPLICIT) == ALIKE


@pytest.mark.parametrize("syntax_uid", [EXPLICIT, IMPLICIT, BIG, DEFLATED])
async def test_a_ct_with_private_elements_in_another_encoding(syntax_uid: str) -> None:
    """With 200 private elements of GE's, group lengths, and Data Set Trailing Padding."""
    data, uid = real("CT_small.dcm")
    other = encoded(syntax_uid, data)
    assert other != data
    assert await compared(data, other, uid, syntax_uid) == ALIKE
    assert (await compared(other, without_vrs(data), syntax_uid, EXPLICIT)).differences == ()
    changed = encoded(syntax_uid, data.replace(b"CompressedSamples^CT1", b"CompressedSamples^CT2"))
    found = await compared(data, changed, uid, syntax_uid)
    assert only(found) == ("CompressedSamples^CT1", "CompressedSamples^CT2")


async def test_a_private_element_is_shown_by_the_vr_of_the_one_that_knows_it() -> None:
    data, uid = real("CT_small.dcm")
    changed = data.replace(b"GE_GENESIS_FF", b"GE_GENESIS_AB")
    texts = "GE_GENESIS_FF", "GE_GENESIS_AB"
    assert only(await compared(data, encoded(IMPLICIT, changed), uid, IMPLICIT)) == texts
    assert only(await compared(encoded(IMPLICIT, data), changed, IMPLICIT, uid)) == texts
    assert only(await compared(encoded(BIG, data), without_vrs(changed), BIG, uid)) == texts


async def test_files_of_three_encodings() -> None:
    for name in ("MR_small_implicit.dcm", "MR_small_bigendian.dcm"):
        (data, uid), (other, other_uid) = real("MR_small.dcm"), real(name)
        assert uid != other_uid
        assert await compared(data, other, uid, other_uid) == ALIKE


async def test_values_without_a_vr_on_either_side_are_told_by_their_digests() -> None:
    data, _ = real("CT_small.dcm")
    changed = encoded(IMPLICIT, data.replace(b"GE_GENESIS_FF", b"GE_GENESIS_AB"))
    found = only(await compared(encoded(IMPLICIT, data), changed, IMPLICIT, IMPLICIT))
    assert found == (digest_of(b"GE_GENESIS_FF "), digest_of(b"GE_GENESIS_AB "))


def private_sequence(name: bytes, vr: str, syntax: TransferSyntax) -> bytes:
    """Two private sequences in one another, of defined length, in Implicit VR if they are UN."""
    inner = written.IMPLICIT if vr == "UN" else syntax
    number = b"\0\1" if inner is written.BIG else b"\1\0"
    texts = element(PATIENT_NAME, "PN", name, inner)
    deepest = item(texts + element(PRIVATE + 4, "US", number, inner), inner)
    nested = element(PRIVATE + 2, vr, deepest, inner)
    return element(PRIVATE, vr, item(nested, inner) + item(b"", inner), syntax)


@pytest.mark.parametrize("first_uid", [EXPLICIT, BIG])
@pytest.mark.parametrize("second", ["implicit", "UN", "UN in Big Endian"])
async def test_private_sequences_that_one_side_does_not_know(first_uid: str, second: str) -> None:
    syntax = written.EXPLICIT if first_uid == EXPLICIT else written.BIG
    other_syntax, vr = {
        "implicit": (written.IMPLICIT, "SQ"),
        "UN": (written.EXPLICIT, "UN"),
        "UN in Big Endian": (written.BIG, "UN"),
    }[second]
    data = private_sequence(b"Doe^J ", "SQ", syntax)
    found = await compared(
        data, private_sequence(b"Doe^J ", vr, other_syntax), first_uid, other_syntax.uid
    )
    assert found.differences == ()
    found = await compared(
        private_sequence(b"Roe^J ", vr, other_syntax), data, other_syntax.uid, first_uid
    )
    path = "(0009,1001)[0]/(0009,1003)[0]"
    assert found.differences == (Difference(path, "(0010,0010)", "PatientName", "Roe^J", "Doe^J"),)


async def test_private_sequences_that_neither_side_knows() -> None:
    """One with defined, one with undefined length: different bytes to who cannot read them."""
    name = element(PATIENT_NAME, "PN", b"Doe^J ", written.IMPLICIT)
    one, other = (
        element(PRIVATE, "UN", item(name, is_undefined=is_undefined), written.IMPLICIT)
        for is_undefined in (False, True)
    )
    assert await compared(one, other, IMPLICIT, IMPLICIT) == ALIKE
    changed = other.replace(b"Doe^J", b"Roe^J")
    [found] = (await compared(one, changed, IMPLICIT, IMPLICIT)).differences
    assert (found.path, found.first, found.second) == ("(0009,1001)[0]", "Doe^J", "Roe^J")


async def test_what_only_looks_like_a_sequence_stays_bytes() -> None:
    name = item(element(PATIENT_NAME, "PN", b"Doe^J ", written.IMPLICIT))
    known, unknown = element(PRIVATE, "OB", name), element(PRIVATE, "UN", name, written.IMPLICIT)
    assert await compared(known, unknown, EXPLICIT, IMPLICIT) == ALIKE
    broken = element(PRIVATE, "UN", name[:-2] + b"\xff", written.IMPLICIT)
    found = await compared(unknown, broken, IMPLICIT, IMPLICIT)
    assert only(found) == (digest_of(name), digest_of(name[:-2] + b"\xff"))
    found = await compared(sequence(PRIVATE, name), broken, EXPLICIT, IMPLICIT)
    assert [each.first for each in found.differences] == ["sequence of 1 item", "Doe^J"]


async def test_items_without_elements_are_counted() -> None:
    one, other = (sequence(0x00081140, item(b"") * count) for count in (1, 2))
    assert only(await compared(one, other)) == ("sequence of 1 item", "sequence of 2 items")
    unknown = element(PRIVATE, "UN", b"")
    assert only(await compared(unknown, sequence(PRIVATE, item(b"")))) == (
        "sequence of 0 items",
        "sequence of 1 item",
    )


async def test_it_does_not_try_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difference, "MAX_TRIED", 1)
    found = await compared(
        element(PRIVATE, "UN", item(b"")) + element(PRIVATE + 2, "UN", item(b"")),
        sequence(PRIVATE, item(b"")) + sequence(PRIVATE + 2, item(b"")),
    )
    assert found.is_cut
    assert len(found.differences) == 1


@pytest.mark.parametrize(
    ("vr", "first", "second"),
    [
        ("PN", b"Doe^J ", b"Doe^J\0"),
        ("PN", b"Doe^J ", b"Doe^J"),
        ("CS", b"ABC\\D ", b"ABC \\ D"),
        ("LO", b"AB", b" AB   "),
        ("LO", b"", b"  "),
        ("UI", b"1.2\0", b"1.2 "),
        ("UI", b"1.2\0", b"1.2"),
        ("OB", b"\1\2\3\0", b"\1\2\3"),
        ("UN", b"ABC ", b"ABC"),
        ("UT", b"x" * 70_001, b"x" * 70_001 + b" "),
        ("UT", b"x" * 70_001 + b" ", b"x" * 70_001 + b"\0"),
    ],
)
async def test_values_that_differ_only_in_padding(vr: str, first: bytes, second: bytes) -> None:
    one, other = (element(PRIVATE, vr, each) for each in (first, second))
    padding = WrittenOtherwise("", "(0009,1001)", "", Writing.PADDING)
    assert await compared(one, other) == Comparison((), False, "", "", (padding,))
    assert await compared(other, one) == Comparison((), False, "", "", (padding,))


@pytest.mark.parametrize(
    ("vr", "first", "second"),
    [
        ("UT", b" AB ", b"AB"),
        ("LO", b"A B ", b"AB"),
        ("OB", b"\1\0", b"\1\0\0\0"),
        ("OB", b"\1\2\0", b"\1\2"),
        ("OB", b"\1\2\3 ", b"\1\2\3"),
        ("OB", b"\1\0", b"\1 "),
        ("US", b"\1\0\2\0", b"\1\0\2"),
        ("UN", b"ABC ", b"ABC\0"),
        ("UN", b"ABC ", b"ABD"),
        ("UN", b"", b"\0\0"),
        ("UT", b"x" * 70_000, b"x" * 70_001),
    ],
)
async def test_what_is_no_padding(vr: str, first: bytes, second: bytes) -> None:
    found = await compared(element(PRIVATE, vr, first), element(PRIVATE, vr, second))
    shown = only(found)
    assert shown[0] != shown[1]
    assert found.written_otherwise == ()


async def test_padding_of_one_that_has_no_vr() -> None:
    one = element(PRIVATE, "LO", b"ABC ")
    other = element(PRIVATE, "UN", b"ABC\0", written.IMPLICIT)
    [found] = (await compared(one, other, EXPLICIT, IMPLICIT)).written_otherwise
    assert found.what == Writing.PADDING


async def test_the_same_text_of_other_bytes() -> None:
    """An escape sequence that changes nothing; and bytes that are no characters."""
    charset = element(SPECIFIC_CHARACTER_SET, "CS", b"\\ISO 2022 IR 100 ")
    one, other = (charset + element(PATIENT_NAME, "PN", each) for each in (b"Doe^", b"Doe\x1b(B^"))
    found = await compared(one, other)
    assert found.differences == ()
    assert [each.what for each in found.written_otherwise] == [Writing.CHARACTER_CODES]
    charset = element(SPECIFIC_CHARACTER_SET, "CS", b"ISO_IR 192")
    one, other = (charset + element(PATIENT_NAME, "PN", each) for each in (b"\xff ", b"\xfe "))
    assert only(await compared(one, other)) == tuple(
        f"{REPLACEMENT} ({digest_of(each)})" for each in (b"\xff ", b"\xfe ")
    )


async def test_text_in_another_character_set() -> None:
    latin = element(SPECIFIC_CHARACTER_SET, "CS", b"ISO_IR 100")
    utf_8 = element(SPECIFIC_CHARACTER_SET, "CS", b"ISO_IR 192")
    raw = "M\xfcller".encode()
    name = element(PATIENT_NAME, "PN", b"M\xfcller"), element(PATIENT_NAME, "PN", raw)
    found = await compared(latin + name[0], utf_8 + name[1])
    assert [each.keyword for each in found.differences] == ["SpecificCharacterSet"]
    found = await compared(latin + name[1], utf_8 + name[1])
    assert [each.keyword for each in found.differences] == ["SpecificCharacterSet", "PatientName"]


async def test_the_same_value_of_another_vr() -> None:
    one, other = element(PRIVATE, "LO", b"ABCD"), element(PRIVATE, "SH", b"ABCD")
    written_otherwise = WrittenOtherwise("", "(0009,1001)", "", Writing.VR)
    found = await compared(one, other)
    assert found == Comparison((), False, "", "", (written_otherwise,))
    found = await compared(one, element(PRIVATE, "UN", b"ABCD"))
    assert found == Comparison((), False, "", "", (written_otherwise,))
    found = await compared(element(PRIVATE, "IS", b"1 "), element(PRIVATE, "US", b"\1\0"))
    assert only(found) == tuple(f"1 ({digest_of(each)})" for each in (b"1 ", b"\1\0"))


async def test_a_public_element_as_un_has_the_vr_of_the_dictionary() -> None:
    one, other = (element(PATIENT_NAME, "UN", each) for each in (b"Doe^J ", b"Roe^J "))
    assert only(await compared(one, other)) == ("Doe^J", "Roe^J")
    assert only(await compared(one, b"")) == ("Doe^J", None)


async def test_values_that_are_too_long_to_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = data_set({"PatientName": "Doe^J"}), data_set({"PatientName": "Roe^J"})
    monkeypatch.setattr(contents, "MAX_KEPT_BYTES", 0)
    assert await compared(one, encoded(IMPLICIT, one), EXPLICIT, IMPLICIT) == ALIKE
    assert only(await compared(one, other)) == (digest_of(b"Doe^J "), digest_of(b"Roe^J "))


async def test_an_element_that_is_there_twice_is_compared_twice() -> None:
    name = element(PATIENT_NAME, "PN", b"Doe^J ")
    one = element(PATIENT_NAME, "PN", b"Roe^J ") + name
    [found] = (await compared(one, element(PATIENT_NAME, "PN", b"Poe^J ") + name)).differences
    assert (found.path, found.first) == ("", "Roe^J")
    [found] = (await compared(name, name + name)).differences
    assert (found.path, found.second) == ("PatientName[repeated 1]", "Doe^J")


async def test_values_that_are_shown_alike_are_told_apart() -> None:
    one, other = (element(PRIVATE, "LT", b"x" * 100 + each) for each in (b"y ", b"z "))
    shown = only(await compared(one, other))
    assert shown == tuple(
        f"{'x' * 61}... ({digest_of(b'x' * 100 + each)})" for each in (b"y ", b"z ")
    )


async def test_each_difference_is_named() -> None:
    first = data_set({"PatientName": "Doe^J", "Rows": 16}, pixel_bytes=10)
    second = data_set({"PatientName": "Roe^J", "StudyDate": ""}, pixel_bytes=12)
    found = await compared(first, second)
    assert found.differences == (
        Difference("", "(0008,0020)", "StudyDate", "20260102", None),
        Difference("", "(0010,0010)", "PatientName", "Doe^J", "Roe^J"),
        Difference("", "(0028,0010)", "Rows", "16", None),
        Difference("", "(7FE0,0010)", "PixelData", digest_of(bytes(10)), digest_of(bytes(12))),
    )


async def test_in_items_by_path() -> None:
    one, other = (
        element(0x00081140, "SQ", item(element(0x00081155, "UI", uid))) + data_set()
        for uid in (b"1.2\0", b"1.3\0")
    )
    [found] = (await compared(one, other)).differences
    assert found == Difference(
        "ReferencedImageSequence[0]", "(0008,1155)", "ReferencedSOPInstanceUID", "1.2", "1.3"
    )


async def test_values_are_short_and_harmless() -> None:
    [found] = (
        await compared(
            data_set({"PatientName": "\x1b[2J" + "x" * 100}), data_set({"PatientName": "y"})
        )
    ).differences
    assert found.first is not None
    assert len(found.first) == 64
    assert found.first.startswith("?[2Jxxx")
    assert found.first.endswith("...")


async def test_there_is_an_end_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difference, "MAX_DIFFERENCES", 2)
    found = await compared(data_set(), data_set({"Modality": "", "StudyDate": "", "PatientID": ""}))
    assert (len(found.differences), found.is_cut) == (2, True)


async def test_what_cannot_be_read_is_said() -> None:
    found = await compared(data_set(), data_set()[:-3])
    assert found.first_fault == ""
    assert "ends within" in found.second_fault


async def test_a_file_that_is_gone() -> None:
    store = MemoryStore()
    one = await stored(store, data_set(), EXPLICIT)
    store.objects.clear()
    with pytest.raises(StoreError):
        await compare(store, (one, EXPLICIT), (one, EXPLICIT))
