"""Metadata made of what is stored, beside what is written of the same bytes in memory."""

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pacsd.api.errors import StoreFault
from pacsd.api.store import BlobStore, ByteRange, Location
from pacsd.archive import metadata_maker
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.finding import QueryLimits
from pacsd.archive.metadata_maker import MetadataMaker
from pacsd.archive.outlines import FIRST_BYTES
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Retriever, Unreadable
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.errors import DicomError
from pacsd.dicom.frame_table import frame_table
from pacsd.dicom.frame_table_codec import PlacedFrames, encode_frames
from pacsd.dicom.json_writer import JsonWriter, with_base
from pacsd.dicom.level import Level
from pacsd.dicom.outline import OutlineStream
from pacsd.dicom.plain_corrector import NewValue
from pacsd.dicom.registry import TransferSyntax
from pacsd.index.index import open_index
from pacsd.index.overlay_records import Correction
from pacsd.index.records import CopyState, Scope
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.past import file_store
from tests.archive.stored_objects import copy_of, retrievable
from tests.archive.test_stored_file import REQUEST, stored
from tests.dicom.corpus import CorpusObject, objects
from tests.dicom.written import BIG, DEFLATED, EXPLICIT, IMPLICIT, deflate, element, item, sequence

# What of them is cut short is left out, or was to be had before the cut.
CUT_SHORT = {
    "MR_truncated.dcm",
    "emri_small_jpeg_2k_lossless_too_short.dcm",
    "rtplan_truncated.dcm",
}
NAME = 0x00100010
LONG_BYTES = 100_000


class Uncorrected:
    """Nothing is corrected."""

    def read(self, instance: Retrievable) -> AsyncGenerator[bytes, None]:
        raise AssertionError(instance)


class OneByOne:
    """A store that does not read together."""

    def __init__(self, store: MemoryStore) -> None:
        self.state_log = store.state_log
        self.stage, self.commit, self.read = store.stage, store.commit, store.read
        self.stat, self.delete, self.list = store.stat, store.delete, store.list
        self.status = store.status


def base(instance: Retrievable) -> str:
    return f"https://pacs.example/{instance.sop_instance_uid}/bulkdata/"


async def read(store: BlobStore, *page: Retrievable) -> list[bytes]:
    return await said(MetadataMaker(store, Uncorrected()), *page)


async def said(maker: MetadataMaker, *page: Retrievable) -> list[bytes]:
    made = await maker.made(page)
    return [with_base(each.metadata, base(one)) for one, each in zip(page, made, strict=True)]


def expected(instance: Retrievable, inflated: bytes, syntax: TransferSyntax) -> bytes:
    """What is written of all of it at once."""
    writer = JsonWriter()
    return writer.join(writer.members(inflated, syntax), base(instance))


async def of_corpus(store: MemoryStore) -> list[tuple[Retrievable, bytes, str]]:
    """Each instance, with what is said of it, and its name."""
    found = []
    for number, each in enumerate(objects()):
        one = await retrievable(store, each.data_set, each.syntax.uid)
        instance = replace(one, sop_instance_uid=f"1.2.{number}")
        wanted = expected(instance, each.inflated, each.syntax)
        found.append((instance, wanted, each.path.name))
    return found


def differing(got: Sequence[bytes], wanted: Sequence[tuple[Retrievable, bytes, str]]) -> list[str]:
    names = [name for one, (_, other, name) in zip(got, wanted, strict=True) if one != other]
    return [name for name in names if name not in CUT_SHORT]


@pytest.mark.parametrize("wrap", [lambda store: store, OneByOne], ids=["together", "one by one"])
async def test_every_object_says_what_its_bytes_say(wrap: Any) -> None:
    store = MemoryStore()
    found = await of_corpus(store)
    maker = MetadataMaker(wrap(store), Uncorrected())
    got = await said(maker, *(instance for instance, _, _ in found))
    assert differing(got, found) == []
    assert len(got) > 80


async def test_files_say_the_same(tmp_path: Path) -> None:
    async with file_store(tmp_path) as files:
        found = []
        for each in objects()[:80]:
            content = encode_preface(REQUEST) + each.data_set
            location = await stored(files, content)
            one = await retrievable(MemoryStore(), each.data_set, each.syntax.uid)
            copy = replace(one.copies[0], location=location)
            instance = replace(one, copies=(copy,))
            wanted = expected(instance, each.inflated, each.syntax)
            found.append((instance, wanted, each.path.name))
        got = await read(files, *(instance for instance, _, _ in found))
    assert differing(got, found) == []


def made(syntax: TransferSyntax, *parts: bytes) -> bytes:
    """A name, a description as long as is asked for, and what follows."""
    return b"".join((element(NAME, "PN", b"Doe^Jane", syntax), *parts))


def long_item(syntax: TransferSyntax) -> bytes:
    """An item with a code, and a value that is bulk data."""
    code = element(0x00080100, "SH", b"T-D1", syntax)
    return item(code + element(0x00420011, "OB", b"\1\2" * 1_000, syntax), syntax)


def cases(syntax: TransferSyntax) -> dict[str, bytes]:
    """Data sets with what is passed over, or stands far behind."""
    texts = element(0x00204000, "LT", b"x" * 10_000, syntax)
    pixels = element(0x7FE00010, "OW", bytes(LONG_BYTES), syntax)
    behind = element(0xFFFCFFFC, "OB", b"pad!", syntax)
    items = long_item(syntax) * 100
    return {
        "header longer than the first bytes": made(
            syntax, *(element(0x00091000 + n, "LO", b"y" * 64, syntax) for n in range(0x10, 0x400)),
        ),
        "header, pixels and what stands behind them": made(syntax, texts, pixels, behind),
        "sequence": made(syntax, sequence(0x00081140, items, syntax), pixels),
        "sequence of undefined length": made(
            syntax, sequence(0x00081140, items, syntax, is_undefined=True), pixels
        ),
        "sequence behind pixels": made(syntax, pixels, sequence(0xFFFA0010, items, syntax)),
        "long text that is no bulk data": made(
            syntax, element(0x00189999, "UC", b"z" * LONG_BYTES, syntax)
        ),
        "long text that is": made(syntax, element(0x0040A160, "UT", b"z" * LONG_BYTES, syntax)),
        "document": made(syntax, element(0x00420011, "OB", bytes(LONG_BYTES), syntax)),
        "empty pixels": made(syntax, element(0x7FE00010, "OW", b"", syntax)),
        "nothing": b"",
    }  # fmt: skip


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG], ids=lambda each: each.keyword)
@pytest.mark.parametrize("name", cases(EXPLICIT))
async def test_what_is_long_is_said_as_what_is_short(name: str, syntax: TransferSyntax) -> None:
    store, data = MemoryStore(), cases(syntax)[name]
    instance = await retrievable(store, data, syntax.uid)
    assert await read(store, instance) == [expected(instance, data, syntax)]


@pytest.mark.parametrize("name", cases(EXPLICIT))
async def test_what_is_deflated_is_said_too(name: str) -> None:
    store, data = MemoryStore(), cases(EXPLICIT)[name]
    instance = await retrievable(store, deflate(data), DEFLATED.uid)
    assert await read(store, instance) == [expected(instance, data, EXPLICIT)]


async def test_bulk_data_is_below_its_instance() -> None:
    store, data = MemoryStore(), cases(EXPLICIT)["sequence"]
    first = await retrievable(store, data, EXPLICIT.uid)
    second = replace(first, sop_instance_uid="1.2.9")
    for instance, text in zip((first, second), await read(store, first, second), strict=True):
        told = json.loads(text)
        assert told["7FE00010"]["BulkDataURI"] == f"{base(instance)}7FE00010"
        last = told["00081140"]["Value"][99]["00420011"]
        assert last["BulkDataURI"] == f"{base(instance)}00081140/100/00420011"


async def test_of_a_slice_only_the_first_bytes_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    page = [await retrievable(store, data_set(pixel_bytes=500_000), EXPLICIT.uid)] * 3
    wanted: list[int] = []
    together = store.read_together

    async def counting(asked: Sequence[tuple[Location, ByteRange]]) -> object:
        wanted.extend(part.length_bytes for _, part in asked)
        return await together(asked)

    monkeypatch.setattr(store, "read_together", counting)
    monkeypatch.setattr(metadata_maker, "read_outline", None)
    assert len(set(await read(store, *page))) == 1
    assert wanted == [FIRST_BYTES] * 3


async def test_the_next_copy_is_read_where_one_is_gone() -> None:
    store, data = MemoryStore(), data_set(pixel_bytes=100)
    first = await retrievable(store, data, EXPLICIT.uid)
    both = replace(first, copies=(*first.copies, await copy_of(store, data, EXPLICIT.uid)))
    await store.delete(first.copies[0].location)
    assert await read(store, both) == [expected(both, data, EXPLICIT)]
    with pytest.raises(Unreadable, match=StoreFault.NOT_FOUND):
        await read(store, first)
    with pytest.raises(Unreadable, match=StoreFault.NOT_FOUND):
        await read(store, both, first)


async def test_the_next_copy_is_read_where_one_is_of_another_syntax() -> None:
    store, data = MemoryStore(), data_set(pixel_bytes=100)
    broken = await copy_of(store, b"\xff" * 100, DEFLATED.uid)
    whole = await retrievable(store, data, EXPLICIT.uid)
    both = replace(whole, copies=(broken, *whole.copies))
    assert await read(store, both) == [expected(both, data, EXPLICIT)]
    with pytest.raises(Unreadable, match="inflate"):
        await read(store, replace(whole, copies=(broken,)))


async def test_what_is_too_long_or_broken_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    long = await retrievable(store, cases(EXPLICIT)["sequence"], EXPLICIT.uid)
    broken = made(EXPLICIT, element(0x00081140, "SQ", b"\1" * LONG_BYTES))
    odd = await retrievable(store, broken, EXPLICIT.uid)
    with pytest.raises(Unreadable):
        await read(store, odd)
    monkeypatch.setattr(metadata_maker, "MAX_HELD_BYTES", LONG_BYTES)
    with pytest.raises(Unreadable, match="its sequences are longer than"):
        await read(store, long)


# Where frames lie


async def test_of_every_object_it_is_told_where_its_frames_lie() -> None:
    store, tables = MemoryStore(), 0
    maker = MetadataMaker(store, Uncorrected())
    for each in objects():
        one = await retrievable(store, each.data_set, each.syntax.uid)
        [made] = await maker.made([one])
        placed = placed_frames(each) if not each.syntax.is_deflated else None
        assert made.frames == (encode_frames(placed) if placed else b""), each.path
        tables += placed is not None
    assert tables > 100


def placed_frames(each: CorpusObject) -> PlacedFrames | None:
    """As all of its bytes have them."""
    stream = OutlineStream(each.syntax)
    stream.feed(each.data_set)
    stream.end()
    outline = stream.outline()
    try:
        table = frame_table(outline)
    except DicomError:
        return None
    if table is None or outline.pixels is None:
        return None
    return PlacedFrames(outline.pixels, table)


IMAGE: dict[str, str | int] = {"Rows": 10, "Columns": 10, "BitsAllocated": 8}


async def test_of_what_is_deflated_it_is_not() -> None:
    store = MemoryStore()
    plain = data_set(IMAGE, pixel_bytes=100)
    [made] = await MetadataMaker(store, Uncorrected()).made(
        [await retrievable(store, deflate(plain), DEFLATED.uid)]
    )
    assert made.frames == b""


async def test_of_a_damaged_copy_or_one_of_other_bytes_it_is_not() -> None:
    store = MemoryStore()
    maker = MetadataMaker(store, Uncorrected())
    data = data_set(IMAGE, pixel_bytes=100)
    one = await retrievable(store, data, EXPLICIT.uid)
    [whole] = await maker.made([one])
    assert whole.frames
    damaged = replace(one, copies=(replace(one.copies[0], state=CopyState.DAMAGED),))
    gone = await copy_of(store, data, EXPLICIT.uid)
    await store.delete(gone.location)
    twice = replace(one, copies=(gone, *one.copies))
    other = replace(one, copies=(replace(gone, sha256=b"other"), *one.copies))
    # One at a time: what cannot be read together is read in turn.
    made = [(await maker.made([each]))[0] for each in (damaged, twice, other)]
    assert [each.frames for each in made] == [b"", whole.frames, b""]
    assert {each.metadata for each in made} == {whole.metadata}


# What was corrected


ORIGINAL: dict[str, str | int] = {
    "SOPInstanceUID": "1.2.3.7",
    "ImageComments": "x" * 5_000,
    **IMAGE,
}


async def corrected(
    folder: Path, data: bytes, syntax: TransferSyntax, inflated: bytes
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is said of it when its patient has another name, and what was said before."""
    store = MemoryStore()
    async with open_index(folder, now_us=lambda: 0, durability=Durability.RELAXED) as index:
        request = replace(REQUEST, sop_instance_uid="1.2.3.7", transfer_syntax_uid=syntax.uid)
        location = await stored(store, encode_preface(request) + data)
        await index.add([await read_stored(store, location)])
        [correctable] = await index.overlays.correctable(Scope(), Level.STUDY, "1.2.3")
        correction = Correction(
            Level.STUDY, "1.2.3", NAME, "Röe^Jane", "test", "why", 1, correctable.sha256
        )
        await index.overlays.correct(Scope(), [correction])
        retriever = Retriever(store, index, QueryLimits())
        instance = await retriever.find("1.2.3.7")
        assert instance is not None
        assert instance.is_corrected
        maker = MetadataMaker(store, retriever)
        assert (await maker.made([instance]))[0].frames == b""
        [now] = await said(maker, instance)
        before = expected(instance, inflated, EXPLICIT)
        return json.loads(now), json.loads(before)


@pytest.mark.parametrize("syntax", [EXPLICIT, DEFLATED], ids=lambda each: each.keyword)
@pytest.mark.parametrize("pixel_bytes", [0, 100, 500_000])
async def test_what_was_corrected_is_said_corrected(
    tmp_path: Path, syntax: TransferSyntax, pixel_bytes: int
) -> None:
    plain = data_set(ORIGINAL, pixel_bytes=pixel_bytes)
    data = deflate(plain) if syntax is DEFLATED else plain
    now, before = await corrected(tmp_path, data, syntax, plain)
    assert now["00100010"]["Value"] == [{"Alphabetic": "Röe^Jane"}]
    [modification] = now["04000561"]["Value"]
    [modified] = modification["04000550"]["Value"]
    assert modified["00100010"]["Value"] == [{"Alphabetic": "Test^Object"}]
    assert now.keys() == {*before, "04000561"}
    assert all(now[tag] == before[tag] for tag in before if tag != "00100010")


async def test_a_corrected_header_is_held_within_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata_maker, "MAX_HELD_BYTES", 4_000)
    plain = data_set(ORIGINAL)
    with pytest.raises(Unreadable, match="its header is longer than"):
        await corrected(tmp_path, plain, EXPLICIT, plain)


async def test_what_is_much_is_made_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    data = made(EXPLICIT, sequence(0x00081140, long_item(EXPLICIT) * 100, EXPLICIT))
    page = [await retrievable(store, data, EXPLICIT.uid) for _ in range(5)]
    maker = MetadataMaker(store, Uncorrected())
    monkeypatch.setattr(metadata_maker, "MAX_TOGETHER_BYTES", 3 * len(data))
    assert len(await maker.made(page)) == 3
    monkeypatch.setattr(metadata_maker, "MAX_TOGETHER_BYTES", 1)
    assert len(await maker.made(page)) == 1


async def test_what_is_corrected_and_inflates_to_too_much_is_refused(tmp_path: Path) -> None:
    """It could be corrected, but nobody holds all of it for its metadata."""
    plain = data_set(ORIGINAL, pixel_bytes=100 * 1024 * 1024)
    with pytest.raises(Unreadable, match="inflated"):
        await corrected(tmp_path, deflate(plain), DEFLATED, plain)


class Failing:
    """Nothing corrected can be read."""

    async def read(self, instance: Retrievable) -> AsyncGenerator[bytes, None]:
        raise Unreadable(f"{instance.sop_instance_uid} is gone")
        yield b""


async def test_what_cannot_be_corrected_is_not_said() -> None:
    store = MemoryStore()
    one = await retrievable(store, data_set(), EXPLICIT.uid)
    instance = replace(one, corrections=(NewValue(NAME, "Roe", "19700101"),))
    with pytest.raises(Unreadable, match="is gone"):
        await MetadataMaker(store, Failing()).made([instance])
