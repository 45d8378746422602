"""Values of stored instances, as pydicom has them."""

import json
import warnings
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path as Folder
from typing import Any

import pytest
from pydicom.dataset import Dataset

from pacsd.api.errors import StoreFault
from pacsd.archive import bulk_data
from pacsd.archive.bulk_data import BulkReader, Value
from pacsd.archive.finding import QueryLimits
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Retriever, Unreadable
from pacsd.dicom.byte_order import swap, unit_bytes
from pacsd.dicom.json_writer import JsonWriter
from pacsd.dicom.plain_corrector import NewValue
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.walk import Path
from pacsd.index.index import open_index
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from tests.archive.stored_objects import copy_of, retrievable
from tests.dicom.corpus import CorpusObject, objects
from tests.dicom.written import BIG, DEFLATED, EXPLICIT, IMPLICIT, deflate, element, item, sequence

PIXELS, DOCUMENT, SEQUENCE, BEHIND = 0x7FE00010, 0x00420011, 0x00081140, 0xFFFCFFFC
LONG_BYTES = 100_000
NUMBERS = bytes(range(256)) * 8
CUT_SHORT = {"MR_truncated.dcm", "rtplan_truncated.dcm"}


class Uncorrected:
    """Nothing in a test that has this is corrected."""

    def read(self, instance: Retrievable) -> AsyncGenerator[bytes, None]:
        raise AssertionError(instance)


async def whole(value: Value, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join([piece async for piece in value.read(start, stop)])


async def found(data: bytes, syntax: TransferSyntax, path: Path, tag: int) -> bytes | None:
    store = MemoryStore()
    instance = await retrievable(store, data, syntax.uid)
    value = await BulkReader(store, Uncorrected()).find(instance, path, tag)
    if value is None:
        return None
    data = await whole(value)
    assert len(data) == value.size_bytes
    return data


def references(said: Mapping[str, Any]) -> Iterator[tuple[Path, int]]:
    """Where all bulk data is, by its BulkDataURI."""
    for attribute in said.values():
        if "BulkDataURI" in attribute:
            *steps, tag = attribute["BulkDataURI"].split("/")
            pairs = zip(steps[::2], steps[1::2], strict=True)
            yield tuple((int(of, 16), int(number) - 1) for of, number in pairs), int(tag, 16)
        for each in attribute.get("Value", ()) if attribute["vr"] == "SQ" else ():
            yield from references(each)


def by_pydicom(each: CorpusObject, path: Path, tag: int) -> bytes:
    """The value, in little endian."""
    ds: Dataset = each.as_pydicom_reads()
    for of, number in path:
        ds = ds[of].value[number]
    raw = ds.get_item(tag)
    value = raw.value
    if isinstance(value, str):
        value = value.encode("ascii")
    assert isinstance(value, bytes), (each.path, path, tag)
    return value if each.syntax.is_little_endian else swap(value, unit_bytes(str(raw.VR)))


async def test_every_reference_leads_to_the_bytes_that_pydicom_finds() -> None:
    store, writer = MemoryStore(), JsonWriter()
    reader, compared = BulkReader(store, Uncorrected()), {"within": 0, "fragments": 0, "other": 0}
    for each in objects():
        if each.path.name in CUT_SHORT:
            continue
        instance = await retrievable(store, each.data_set, each.syntax.uid)
        said = json.loads(writer.join(writer.members(each.inflated, each.syntax), ""))
        for path, tag in references(said):
            value = await reader.find(instance, path, tag)
            if value is None:
                assert (path, tag, each.syntax.is_encapsulated) == ((), PIXELS, True), each.path
                compared["fragments"] += 1
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wanted = by_pydicom(each, path, tag)
            assert await whole(value) == wanted, (each.path, path, f"{tag:08X}")
            compared["within" if path else "other"] += 1
    assert compared["other"] > 50
    assert compared["fragments"] > 20


def made(syntax: TransferSyntax) -> bytes:
    """Values in all places there are."""
    inner = element(DOCUMENT, "OB", b"in an item", syntax)
    words = element(0x00281201, "OW", NUMBERS, syntax)
    items = (
        item(inner, syntax)
        + item(b"", syntax)
        + item(sequence(0x00081199, item(words, syntax), syntax, is_undefined=True), syntax)
    )
    return b"".join((
        element(0x00080060, "CS", b"CT", syntax),
        sequence(SEQUENCE, items, syntax),
        sequence(0x00089215, item(inner, syntax) * 4_000 + item(words, syntax), syntax),
        element(0x00281201, "OW", NUMBERS, syntax),
        element(DOCUMENT, "OB", bytes(range(250)) * 400, syntax),
        element(0x00660016, "OF", NUMBERS * 40, syntax),
        element(PIXELS, "OW", NUMBERS * 50, syntax),
        element(BEHIND, "OB", b"behind", syntax),
    ))  # fmt: skip


def turned(value: bytes, unit: int, syntax: TransferSyntax) -> bytes:
    return value if syntax.is_little_endian else swap(value, unit)


PLACES: dict[str, tuple[Path, int, bytes | None, int]] = {
    "short": ((), 0x00080060, b"CT", 1),
    "words": ((), 0x00281201, NUMBERS, 2),
    "document": ((), DOCUMENT, bytes(range(250)) * 400, 1),
    "long floats": ((), 0x00660016, NUMBERS * 40, 4),
    "pixels": ((), PIXELS, NUMBERS * 50, 2),
    "behind pixels": ((), BEHIND, b"behind", 1),
    "in an item": (((SEQUENCE, 0),), DOCUMENT, b"in an item", 1),
    "in an item of an item": (((SEQUENCE, 2), (0x00081199, 0)), 0x00281201, NUMBERS, 2),
    "in a long sequence": (((0x00089215, 3_999),), DOCUMENT, b"in an item", 1),
    "words in a long sequence": (((0x00089215, 4_000),), 0x00281201, NUMBERS, 2),
    "a sequence": ((), SEQUENCE, None, 1),
    "a sequence in an item": (((SEQUENCE, 2),), 0x00081199, None, 1),
    "missing": ((), 0x00100010, None, 1),
    "missing behind": ((), 0xFFFAFFFA, None, 1),
    "other pixels": ((), 0x7FE00008, None, 1),
    "missing in an item": (((SEQUENCE, 1),), DOCUMENT, None, 1),
    "missing item": (((SEQUENCE, 3),), DOCUMENT, None, 1),
    "missing item of an item": (((SEQUENCE, 2), (0x00081199, 1)), 0x00281201, None, 1),
    "missing sequence": (((0x00081111, 0),), DOCUMENT, None, 1),
    "in what is no sequence": (((DOCUMENT, 0),), DOCUMENT, None, 1),
    "in what is a short value": (((0x00080060, 0),), DOCUMENT, None, 1),
    "in pixels": (((PIXELS, 0),), DOCUMENT, None, 1),
}


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG], ids=lambda each: each.keyword)
@pytest.mark.parametrize("name", PLACES)
async def test_a_value_from_wherever_it_stands(name: str, syntax: TransferSyntax) -> None:
    path, tag, value, unit = PLACES[name]
    wanted = None if value is None else turned(value, unit, syntax)
    assert await found(made(syntax), syntax, path, tag) == wanted


@pytest.mark.parametrize("name", PLACES)
async def test_out_of_what_is_deflated_too(name: str) -> None:
    path, tag, value, _ = PLACES[name]
    assert await found(deflate(made(EXPLICIT)), DEFLATED, path, tag) == value


async def test_a_long_sequence_of_undefined_length() -> None:
    inner = item(element(DOCUMENT, "OB", bytes(range(250)) * 4), is_undefined=True)
    data = sequence(SEQUENCE, inner * 200, is_undefined=True)
    assert len(data) > LONG_BYTES
    value = await found(data, EXPLICIT, ((SEQUENCE, 199),), DOCUMENT)
    assert value == bytes(range(250)) * 4


@pytest.mark.parametrize("name", ["short", "document", "pixels", "long floats"])
@pytest.mark.parametrize("syntax", [EXPLICIT, BIG], ids=lambda each: each.keyword)
async def test_a_part_of_a_value(name: str, syntax: TransferSyntax) -> None:
    store = MemoryStore()
    path, tag, value, unit = PLACES[name]
    instance = await retrievable(store, made(syntax), syntax.uid)
    read = await BulkReader(store, Uncorrected()).find(instance, path, tag)
    assert read is not None
    assert value is not None
    wanted = turned(value, unit, syntax)
    for start, stop in ((0, 1), (1, 2), (1, None), (0, len(wanted)), (len(wanted) - 1, None)):
        assert await whole(read, start, stop) == wanted[start:stop]


async def test_pixel_data_in_fragments_is_no_value() -> None:
    fragments = item(b"") + item(b"\xff\xd8\xff\xd9")
    data = sequence(PIXELS, fragments, vr="OB", is_undefined=True)
    assert await found(data, EXPLICIT, (), PIXELS) is None
    assert await found(element(PIXELS, "OB", b""), EXPLICIT, (), PIXELS) == b""


async def test_the_next_copy_is_read_where_one_is_gone() -> None:
    store, data = MemoryStore(), made(EXPLICIT)
    first = await retrievable(store, data, EXPLICIT.uid)
    both = replace(first, copies=(*first.copies, await copy_of(store, data, EXPLICIT.uid)))
    await store.delete(first.copies[0].location)
    reader = BulkReader(store, Uncorrected())
    value = await reader.find(both, (), PIXELS)
    assert value is not None
    assert await whole(value) == NUMBERS * 50
    with pytest.raises(Unreadable, match=StoreFault.NOT_FOUND):
        await reader.find(first, (), PIXELS)
    await store.delete(both.copies[1].location)
    with pytest.raises(Unreadable, match=StoreFault.NOT_FOUND):
        await whole(value)


async def test_a_copy_that_cannot_be_inflated_gives_way() -> None:
    store = MemoryStore()
    good = await retrievable(store, made(EXPLICIT), EXPLICIT.uid)
    broken = await copy_of(store, b"\xff" * 100, DEFLATED.uid)
    both = replace(good, copies=(broken, *good.copies))
    value = await BulkReader(store, Uncorrected()).find(both, (), BEHIND)
    assert value is not None
    assert await whole(value) == b"behind"


async def test_what_is_turned_or_parsed_is_held_within_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk_data, "MAX_HELD_BYTES", 10_000)
    with pytest.raises(Unreadable, match="its value has more than"):
        await found(made(BIG), BIG, (), PIXELS)
    with pytest.raises(Unreadable, match="its value has more than"):
        await found(made(EXPLICIT), EXPLICIT, ((0x00089215, 0),), DOCUMENT)
    assert await found(made(EXPLICIT), EXPLICIT, (), PIXELS) == NUMBERS * 50


NAME, TEXT, CHARSET, ORIGINAL, MODIFIED = (
    0x00100010, 0x0040A160, 0x00080005, 0x04000561, 0x04000550,
)  # fmt: skip
OLD_TEXT, NEW_TEXT = "o" * 100_000, "n" * 200_000
MOMENT = "20260131120000.000000+0000"
CORRECTIONS = (
    NewValue(0x00080060, "", MOMENT),
    NewValue(NAME, "Roe^\u0141ucja", MOMENT),
    NewValue(0x00102160, "new", MOMENT),
    NewValue(TEXT, NEW_TEXT, MOMENT),
)


def correctable(syntax: TransferSyntax) -> bytes:
    """Values that are corrected, among others that are not."""
    inner = element(0x00080060, "CS", b"MR", syntax) + element(NAME, "PN", b"Inner^Name", syntax)
    return b"".join((
        element(CHARSET, "CS", b"ISO_IR 100", syntax),
        element(0x00080060, "CS", b"CT", syntax),
        sequence(SEQUENCE, item(inner, syntax), syntax),
        element(0x00100000, "UL", b"\x0c\0\0\0", syntax),
        element(NAME, "PN", b"Doe^J\xfcrgen", syntax),
        element(0x00201206, "IS", b"12", syntax),
        element(TEXT, "UT", OLD_TEXT.encode(), syntax),
        element(DOCUMENT, "OB", bytes(range(250)) * 400, syntax),
        element(PIXELS, "OW", NUMBERS * 50, syntax),
        element(BEHIND, "OB", b"behind", syntax),
    ))  # fmt: skip


@asynccontextmanager
async def reading(folder: Folder, store: MemoryStore) -> AsyncGenerator[BulkReader, None]:
    async with open_index(folder, now_us=lambda: 0, durability=Durability.RELAXED) as index:
        yield BulkReader(store, Retriever(store, index, QueryLimits()))


IN_MODIFIED = ((ORIGINAL, 0), (MODIFIED, 0))
CORRECTED: dict[str, tuple[Path, int, bytes | None]] = {
    "text": ((), NAME, b"Roe^\x1b-B\xa3ucja"),
    "character sets": ((), CHARSET, b"ISO 2022 IR 100\\ISO 2022 IR 101 "),
    "what was not there": ((), 0x00102160, b"new "),
    "what has no value any more": ((), 0x00080060, None),
    "a group length": ((), 0x00100000, None),
    "a long text": ((), TEXT, NEW_TEXT.encode()),
    "the old value": (IN_MODIFIED, NAME, b"Doe^J\xfcrgen"),
    "a long old value": (IN_MODIFIED, TEXT, OLD_TEXT.encode()),
    "who modified": (((ORIGINAL, 0),), 0x04000563, b"pacsd "),
    "another in that item": (IN_MODIFIED, 0x00201206, None),
    "a sequence": ((), ORIGINAL, None),
    "another text": ((), 0x00201206, b"12"),
    "one of its name in an item": (((SEQUENCE, 0),), NAME, b"Inner^Name"),
    "one of its tag in an item": (((SEQUENCE, 0),), 0x00080060, b"MR"),
    "a document": ((), DOCUMENT, bytes(range(250)) * 400),
    "behind pixels": ((), BEHIND, b"behind"),
}


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG, DEFLATED], ids=lambda it: it.keyword)
@pytest.mark.parametrize("name", CORRECTED)
async def test_a_value_as_it_leaves_corrected(
    tmp_path: Folder, name: str, syntax: TransferSyntax
) -> None:
    path, tag, wanted = CORRECTED[name]
    store = MemoryStore()
    data = correctable(EXPLICIT if syntax is DEFLATED else syntax)
    stored = deflate(data) if syntax is DEFLATED else data
    instance = replace(await retrievable(store, stored, syntax.uid), corrections=CORRECTIONS)
    async with reading(tmp_path, store) as reader:
        value = await reader.find(instance, path, tag)
        if wanted is None:
            assert value is None
            return
        assert value is not None
        assert await whole(value) == wanted
        assert value.size_bytes == len(wanted)
        assert await whole(value, 1, 3) == wanted[1:3]
        assert await whole(value, len(wanted) - 1) == wanted[-1:]


@pytest.mark.parametrize("tag", [DOCUMENT, PIXELS, BEHIND])
async def test_what_is_not_corrected_is_read_where_it_lies(tag: int) -> None:
    store = MemoryStore()
    one = await retrievable(store, correctable(EXPLICIT), EXPLICIT.uid)
    instance = replace(one, corrections=CORRECTIONS)
    assert await BulkReader(store, Uncorrected()).find(instance, (), tag) is not None


async def test_the_next_copy_is_corrected_where_one_is_gone_or_of_another_syntax(
    tmp_path: Folder,
) -> None:
    store = MemoryStore()
    gone = await copy_of(store, correctable(EXPLICIT), EXPLICIT.uid)
    await store.delete(gone.location)
    broken = await copy_of(store, b"\xff" * 100, DEFLATED.uid)
    one = await retrievable(store, correctable(IMPLICIT), IMPLICIT.uid)
    instance = replace(one, copies=(gone, broken, *one.copies), corrections=CORRECTIONS)
    async with reading(tmp_path, store) as reader:
        value = await reader.find(instance, (), TEXT)
        assert value is not None
        assert await whole(value) == NEW_TEXT.encode()
        with pytest.raises(Unreadable, match=StoreFault.NOT_FOUND):
            await reader.find(replace(instance, copies=(gone,)), (), NAME)


async def test_what_cannot_be_corrected_is_not_read_as_it_was(tmp_path: Folder) -> None:
    store = MemoryStore()
    cut = element(NAME, "PN", b"Doe", length=10)
    instance = replace(await retrievable(store, cut, EXPLICIT.uid), corrections=CORRECTIONS[:2])
    async with reading(tmp_path, store) as reader:
        with pytest.raises(Unreadable, match="it was corrected, but its data set cannot be read"):
            await reader.find(instance, (), NAME)


async def test_an_empty_element_has_no_value() -> None:
    assert await found(element(NAME, "PN", b""), EXPLICIT, (), NAME) is None
    inner = item(element(NAME, "PN", b""))
    assert await found(sequence(SEQUENCE, inner), EXPLICIT, ((SEQUENCE, 0),), NAME) is None
