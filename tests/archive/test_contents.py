import hashlib
from collections.abc import Mapping

import pytest

from pacsd.archive.contents import Place, read_contents
from pacsd.dicom.tag import Tag
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import PIXEL_DATA, data_set
from tests.archive.test_sameness import BIG, DEFLATED, EXPLICIT, IMPLICIT, encoded, stored

ROWS: Tag = 0x00280010
PATIENT_NAME: Tag = 0x00100010


def digest_of(raw: bytes) -> str:
    return f"{len(raw)} bytes, sha256 {hashlib.sha256(raw).hexdigest()[:16]}..."


async def values(data: bytes, syntax_uid: str = EXPLICIT) -> Mapping[Place, str]:
    store = MemoryStore()
    contents = await read_contents(store, await stored(store, data, syntax_uid), syntax_uid)
    assert contents.fault == ""
    return contents.values


@pytest.mark.parametrize("syntax_uid", [EXPLICIT, IMPLICIT, BIG, DEFLATED])
async def test_values_are_those_of_the_attributes(syntax_uid: str) -> None:
    found = await values(encoded(syntax_uid), syntax_uid)
    assert found[(), ROWS] == "16"
    assert found[(), PATIENT_NAME] == "Doe^J"
    assert found[(), PIXEL_DATA] == digest_of(bytes(512))


async def test_text_is_in_the_character_set_of_the_object() -> None:
    data = data_set({"SpecificCharacterSet": "ISO_IR 192", "PatientName": "Müller^Jörg"})
    assert (await values(data))[(), PATIENT_NAME] == "Müller^Jörg"


def element(tag: Tag, vr: bytes, raw: bytes, length: int | None = None) -> bytes:
    group, number = tag >> 16, tag & 0xFFFF
    size = len(raw) if length is None else length
    head = group.to_bytes(2, "little") + number.to_bytes(2, "little") + vr
    if vr in {b"OB", b"OW", b"SQ", b"UN"}:
        return head + b"\0\0" + size.to_bytes(4, "little") + raw
    return head + size.to_bytes(2, "little") + raw


def item(raw: bytes) -> bytes:
    return b"\xfe\xff\x00\xe0" + len(raw).to_bytes(4, "little") + raw


async def test_what_is_in_items_has_its_path() -> None:
    inner = element(0x00081155, b"UI", b"1.2\0")
    sequence = element(0x00081140, b"SQ", item(inner) + item(inner))
    found = await values(sequence + data_set())
    assert found[(), 0x00081140] == "sequence"
    assert found[((0x00081140, 1),), 0x00081155] == "1.2"


async def test_a_long_value_is_told_by_its_digest() -> None:
    long = bytes(range(256)) * 12_000
    data = data_set() + element(0x00291010, b"OB", long) + element(0x00300010, b"LO", b"ABCD")
    found = await values(data + element(PIXEL_DATA, b"OW", b"\1\2" * 2_000_000))
    assert found[(), 0x00291010] == digest_of(long)
    assert found[(), 0x00300010] == "ABCD"
    assert found[(), PIXEL_DATA] == digest_of(b"\1\2" * 2_000_000)


async def test_what_follows_pixel_data_is_there_too() -> None:
    tail = element(0xFFFCFFFC, b"OB", b"\0\0") + element(0xFFFDFFFC, b"LO", b"")
    found = await values(data_set(pixel_bytes=10) + tail)
    assert found[(), PIXEL_DATA] == digest_of(bytes(10))
    assert found[(), 0xFFFCFFFC] == digest_of(b"\0\0")
    assert found[(), 0xFFFDFFFC] == digest_of(b"")


async def test_fragments_are_digested_to_the_end() -> None:
    fragments = item(b"") + item(b"\1\2\3\4") + b"\xfe\xff\xdd\xe0\0\0\0\0"
    data = data_set() + element(PIXEL_DATA, b"OB", fragments, 0xFFFFFFFF)
    assert (await values(data))[(), PIXEL_DATA] == digest_of(fragments)


@pytest.mark.parametrize("cut", [3, 9, 30])
async def test_one_that_ends_early_says_so(cut: int) -> None:
    store, data = MemoryStore(), data_set()[:-cut]
    contents = await read_contents(store, await stored(store, data, EXPLICIT), EXPLICIT)
    assert "ends within" in contents.fault
    assert contents.values[(), PATIENT_NAME] == "Test^Object"


async def test_one_that_cannot_be_inflated_says_so() -> None:
    store = MemoryStore()
    file = await stored(store, b"\xff" * 100, DEFLATED)
    contents = await read_contents(store, file, DEFLATED)
    assert "deflated data set" in contents.fault
    assert contents.values == {}
