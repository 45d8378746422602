import hashlib
from collections.abc import Mapping

import pytest

from pacsd.archive import contents
from pacsd.archive.contents import Contents, Place, Value, read_as_sequence, read_contents
from pacsd.dicom.charset import character_set
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import PIXEL_DATA, data_set
from tests.archive.test_sameness import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    TRAILING_PADDING,
    SlowStore,
    encoded,
    stored,
)
from tests.dicom import written
from tests.dicom.written import deflate, element, item, sequence

ROWS: Tag = 0x00280010
PATIENT_NAME: Tag = 0x00100010
PRIVATE: Tag = 0x00091001
GROUP_LENGTH: Tag = 0x00100000
ITEM_START = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"


def digest_of(raw: bytes) -> str:
    return f"{len(raw)} bytes, sha256 {hashlib.sha256(raw).hexdigest()[:16]}..."


async def read(
    data: bytes, syntax_uid: str = EXPLICIT, store: MemoryStore | None = None
) -> Contents:
    store = MemoryStore() if store is None else store
    return await read_contents(store, await stored(store, data, syntax_uid), syntax_uid)


def shown(found: Contents) -> Mapping[Place, str]:
    return {place: value.shown(value.vr) for place, value in found.values.items()}


async def values(data: bytes, syntax_uid: str = EXPLICIT) -> Mapping[Place, str]:
    found = await read(data, syntax_uid)
    assert found.fault == ""
    return shown(found)


@pytest.mark.parametrize("syntax_uid", [EXPLICIT, IMPLICIT, BIG, DEFLATED])
async def test_values_are_those_of_the_attributes(syntax_uid: str) -> None:
    found = await values(encoded(syntax_uid), syntax_uid)
    assert found[(), ROWS] == "16"
    assert found[(), PATIENT_NAME] == "Doe^J"
    assert found[(), PIXEL_DATA] == digest_of(bytes(512))


async def test_text_is_in_the_character_set_of_the_object() -> None:
    data = data_set({"SpecificCharacterSet": "ISO_IR 192", "PatientName": "Müller^Jörg"})
    assert (await values(data))[(), PATIENT_NAME] == "Müller^Jörg"


async def test_what_is_in_items_has_its_path() -> None:
    inner = element(0x00081155, "UI", b"1.2\0")
    found = await values(sequence(0x00081140, item(inner) + item(inner)) + data_set())
    assert found[(), 0x00081140] == "sequence of 2 items"
    assert found[((0x00081140, 1),), 0x00081155] == "1.2"


@pytest.mark.parametrize("syntax", [written.IMPLICIT, written.EXPLICIT, written.BIG])
@pytest.mark.parametrize("is_undefined", [False, True])
async def test_how_sequences_end_is_all_the_same(
    syntax: TransferSyntax, is_undefined: bool
) -> None:
    inner = item(element(0x00081199, "SQ", b"", syntax), syntax, is_undefined=is_undefined)
    data = sequence(0x00081140, inner, syntax, is_undefined=is_undefined)
    assert await values(data, syntax.uid) == {
        ((), 0x00081140): "sequence of 1 item",
        (((0x00081140, 0),), 0x00081199): "sequence of 0 items",
    }


async def test_an_item_may_have_a_character_set_of_its_own() -> None:
    name = element(PATIENT_NAME, "PN", b"M\xfcller")
    greek = element(0x00080005, "CS", b"ISO_IR 126")
    data = element(0x00080005, "CS", b"ISO_IR 100") + sequence(
        0x00081140, item(greek + name) + item(name)
    )
    found = await values(data + name)
    assert found[((0x00081140, 0),), PATIENT_NAME] == "Mόller"
    assert found[((0x00081140, 1),), PATIENT_NAME] == "Müller"
    assert found[(), PATIENT_NAME] == "Müller"


async def test_numbers_in_an_unknown_sequence_are_little_endian() -> None:
    """PS3.5 section 6.2.2, also in Explicit VR Big Endian."""
    rows = element(ROWS, "US", b"\x10\0", written.IMPLICIT)
    data = sequence(PRIVATE, item(rows, written.IMPLICIT), written.BIG, vr="UN", is_undefined=True)
    data = data[:12] + item(rows, written.IMPLICIT) + b"\xfe\xff\xdd\xe0\0\0\0\0"
    found = await values(data + element(ROWS, "US", b"\0\x20", written.BIG), BIG)
    assert found[((PRIVATE, 0),), ROWS] == "16"
    assert found[(), ROWS] == "32"


async def test_what_has_no_significance_is_not_there() -> None:
    data = element(GROUP_LENGTH, "UL", bytes(4)) + element(PATIENT_NAME, "PN", b"Doe^J ")
    assert await values(data + TRAILING_PADDING) == {((), PATIENT_NAME): "Doe^J"}


async def test_one_that_is_there_again_does_not_hide_the_first() -> None:
    names = [element(PATIENT_NAME, "PN", each) for each in (b"Doe^J ", b"Roe^J ", b"Poe^J ")]
    assert await values(b"".join(names)) == {
        ((), PATIENT_NAME): "Doe^J",
        (((PATIENT_NAME, -1),), PATIENT_NAME): "Roe^J",
        (((PATIENT_NAME, -2),), PATIENT_NAME): "Poe^J",
    }


async def test_tags_are_shown_as_tags() -> None:
    found = await values(element(0x00280009, "AT", b"\x18\0\x63\x10"))
    assert found[(), 0x00280009] == "(0018,1063)"


async def test_a_long_value_is_told_by_its_digest() -> None:
    long = bytes(range(256)) * 12_000
    data = data_set() + element(0x00291010, "OB", long) + element(0x00300010, "LO", b"ABCD")
    found = await values(data + element(PIXEL_DATA, "OW", b"\1\2" * 2_000_000))
    assert found[(), 0x00291010] == digest_of(long)
    assert found[(), 0x00300010] == "ABCD"
    assert found[(), PIXEL_DATA] == digest_of(b"\1\2" * 2_000_000)


async def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MAX_KEPT_BYTES", 10)
    data = element(PATIENT_NAME, "PN", b"Doe^John") + element(0x00100020, "LO", b"1234")
    assert await values(data + element(0x00100030, "DA", b"")) == {
        ((), PATIENT_NAME): "Doe^John",
        ((), 0x00100020): digest_of(b"1234"),
        ((), 0x00100030): "",
    }


async def test_long_values_are_kept_where_they_may_be_sequences() -> None:
    inner = item(element(PRIVATE, "UN", bytes(100_000), written.IMPLICIT))
    data = element(PRIVATE, "UN", inner) + element(PRIVATE + 1, "UN", bytes(100_000))
    found = (await read(data)).values
    assert found[(), PRIVATE].raw == inner
    assert found[(), PRIVATE + 1].raw is None
    assert found[(), PRIVATE + 1].shown("UN") == digest_of(bytes(100_000))


async def test_digests_are_those_of_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    data = element(PATIENT_NAME, "PN", b"Doe^J ")
    kept = (await read(data)).values[(), PATIENT_NAME]
    monkeypatch.setattr(contents, "MAX_KEPT_BYTES", 0)
    digested = (await read(data)).values[(), PATIENT_NAME]
    assert (kept.long, digested.raw) == (None, None)
    assert kept.digests == digested.digests
    assert kept.digests.start == hashlib.sha256(b"Doe^J").digest()
    assert kept.digests.last == b" "


async def test_what_follows_pixel_data_is_there_too() -> None:
    tail = element(0x7FE10010, "LO", b"ABCD") + element(0x7FE11001, "LO", b"")
    found = await values(data_set(pixel_bytes=10) + tail)
    assert found[(), PIXEL_DATA] == digest_of(bytes(10))
    assert found[(), 0x7FE10010] == "ABCD"
    assert found[(), 0x7FE11001] == ""


async def test_fragments_are_digested_to_the_end() -> None:
    fragments = item(b"") + item(b"\1\2\3\4") + b"\xfe\xff\xdd\xe0\0\0\0\0"
    data = data_set() + element(PIXEL_DATA, "OB", fragments, length=0xFFFFFFFF)
    found = await values(data + element(0x7FE10010, "LO", b"ABCD"))
    assert found[(), PIXEL_DATA] == digest_of(fragments)
    assert found[(), 0x7FE10010] == "ABCD"
    cut = await read(data[:-10])
    assert "ends within" in cut.fault
    assert shown(cut)[(), PIXEL_DATA] == digest_of(fragments[:-10])


@pytest.mark.parametrize("piece_bytes", [1, 7, 1000])
async def test_it_is_read_in_pieces_of_any_length(piece_bytes: int) -> None:
    store = SlowStore()
    store.piece_bytes = piece_bytes
    inner = item(element(PATIENT_NAME, "PN", b"Doe^J "), is_undefined=True)
    fragments = sequence(PIXEL_DATA, item(b"") + item(bytes(5000)), vr="OB", is_undefined=True)
    data = sequence(0x00081140, inner) + data_set() + element(PRIVATE, "OB", bytes(5000))
    found = await read(data + fragments, store=store)
    assert found == await read(data + fragments)
    assert found.fault == ""


@pytest.mark.parametrize("cut", [3, 9, 30])
async def test_one_that_ends_early_says_so(cut: int) -> None:
    found = await read(data_set()[:-cut])
    assert "ends within" in found.fault
    assert "encoded anew" not in found.fault
    assert found.values[(), PATIENT_NAME].raw == b"Test^Object "


async def test_of_a_value_that_is_cut_short_there_is_what_came() -> None:
    found = await read(data_set(pixel_bytes=10_000)[:-1000])
    assert "1000 bytes too early" in found.fault
    assert shown(found)[(), PIXEL_DATA] == digest_of(bytes(9000))


async def test_one_that_is_broken_is_told_of_as_far_as_it_goes() -> None:
    data = b"".join(element(0x00091001 + each, "LO", b"ABCD") for each in range(1000))
    found = await read(data + sequence(0x00101002, element(PATIENT_NAME, "PN", b"")))
    assert "where an item must stand" in found.fault
    assert found.values[(), PRIVATE].raw == b"ABCD"


async def test_one_of_too_many_elements_is_told_of_as_far_as_it_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(contents, "MAX_ELEMENTS", 3)
    found = await read(sequence(0x00081140, item(b"") * 4))
    assert found.fault == "more than 3 elements and items (our bound)"
    assert shown(found) == {((), 0x00081140): "sequence of 2 items"}


async def test_one_that_cannot_be_inflated_says_so() -> None:
    found = await read(b"\xff" * 100, DEFLATED)
    assert "deflated data set" in found.fault
    assert found.values == {}
    found = await read(deflate(data_set(pixel_bytes=1000))[:-10], DEFLATED)
    assert "cut short" in found.fault


PLACE: Place = ((PRIVATE, 0),), PRIVATE
NAME = element(PATIENT_NAME, "PN", b"M\xfcller", written.IMPLICIT)


def unknown(raw: bytes) -> Value:
    return Value("UN", len(raw), raw, charset=character_set(b"ISO_IR 126"))


@pytest.mark.parametrize(
    "raw",
    [
        item(NAME),
        item(NAME, is_undefined=True),
        item(NAME) + b"\xfe\xff\xdd\xe0\0\0\0\0",
        item(element(PATIENT_NAME, "PN", b"M\xfcller")),
    ],
)
def test_a_value_of_unknown_vr_as_a_sequence(raw: bytes) -> None:
    found = read_as_sequence(PLACE, unknown(raw), 10)
    assert found is not None
    name = (*PLACE[0], (PRIVATE, 0)), PATIENT_NAME
    assert found.keys() == {PLACE, name}
    assert (found[PLACE].items, found[PLACE].vr) == (1, "UN")
    assert found[name].shown("PN") == "Mόller"


def test_an_empty_value_of_unknown_vr_as_a_sequence() -> None:
    found = read_as_sequence(PLACE, unknown(b""), 10)
    assert found is not None
    assert found[PLACE].shown("SQ") == "sequence of 0 items"


END = b"\xfe\xff\xdd\xe0\0\0\0\0"


@pytest.mark.parametrize(
    "raw",
    [
        b"ABCD",
        item(NAME)[:-1],
        item(NAME) + b"ABCDEFGH",
        item(NAME) + END + element(PRIVATE + 1, "LO", b"ABCD"),
        item(NAME) + END + element(PRIVATE, "LO", b"ABCD"),
        item(b"") * 10,
    ],
)
def test_a_value_of_unknown_vr_that_is_no_sequence(raw: bytes) -> None:
    assert read_as_sequence(PLACE, unknown(raw), 10) is None


def test_a_value_that_was_not_kept_or_lies_too_deep_is_not_read_as_a_sequence() -> None:
    raw = item(NAME)
    assert read_as_sequence(PLACE, Value("UN", len(raw), None), 10) is None
    deep = ((PRIVATE, 0),) * 64, PRIVATE
    assert read_as_sequence(deep, unknown(raw), 10) is None


async def test_what_stands_before_a_fault_is_told() -> None:
    data = data_set({"PatientName": "Doe^J"})
    broken = data + element(0x7FDF1010, "UN", b"x", length=90)
    found = await read(broken)
    assert shown(found)[(), PATIENT_NAME] == "Doe^J"
    assert "the data set ends within" in found.fault
    nested = b"".join(
        element(0x00081140, "SQ", b"", length=0xFFFFFFFF) + ITEM_START for _ in range(70)
    )
    found = await read(data + nested)
    assert shown(found)[(), PATIENT_NAME] == "Doe^J"
    assert "nest deeper than" in found.fault
