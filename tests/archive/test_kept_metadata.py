"""Metadata kept beside the index, and known again."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.archive import kept_metadata
from pacsd.archive.kept_metadata import FORMAT, KeptMetadata, content_of
from pacsd.archive.metadata_maker import Made, MetadataMaker
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.plain_corrector import NewValue
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.index import Index, open_index
from pacsd.index.session import NewHeader
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.stored_objects import retrievable
from tests.archive.test_metadata import instance
from tests.archive.test_metadata_maker import Uncorrected
from tests.dicom.written import EXPLICIT
from tests.index.made import new

MADE = b'{"00080060":{"vr":"CS","Value":["CT"]}}'
TABLE = b"where frames lie"
HEAD_BYTES = 16
OF_A_SLICE = "b77609384ff5ce80"
"""The digest of what is made of one object in this format."""


async def keep(index: Index, kept: KeptMetadata, one: Retrievable, made: Made) -> None:
    await kept.keep([one], [made])
    await written(index)


async def written(index: Index) -> None:
    """The writer has done what was due after its last unit."""
    await index._threads.write(lambda _: None)


async def filled(index: Index, kept: KeptMetadata, *numbers: int) -> None:
    await kept.keep(
        [instance(each) for each in numbers],
        [Made(MADE + b" %d" % each, TABLE + b" %d" % each) for each in numbers],
    )
    await written(index)


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


async def test_it_is_found_again(index: Index) -> None:
    kept = KeptMetadata(index)
    await filled(index, kept, *range(1, 100))
    found = await KeptMetadata(index).find([instance(each) for each in range(50, 120)])
    assert found == {content_of(instance(each)): MADE + b" %d" % each for each in range(50, 100)}


async def test_it_is_found_after_a_restart(tmp_path: Path) -> None:
    for is_first in (True, False):
        async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as index:
            kept = KeptMetadata(index)
            if is_first:
                # Of what is not in the index nothing is kept.
                [number] = [each.instance for each in await index.add([new("1.1")])]
                await filled(index, kept, number, number + 1)
            found = await kept.find([instance(number), instance(number + 1)])
            assert len(found) == (2 if is_first else 1)


async def test_what_was_corrected_is_another(index: Index) -> None:
    kept = KeptMetadata(index)
    await filled(index, kept, 1)
    one = replace(instance(1), corrections=(NewValue(0x00100010, "Roe", "19700101"),))
    assert await kept.find([one]) == {}
    await keep(index, kept, one, Made(b"{}"))
    assert await kept.find([one]) == {content_of(one): b"{}"}
    assert await kept.find([instance(1)]) == {}
    assert await kept.frames(instance(1)) is None


async def test_where_the_first_of_a_series_was_replaced_the_others_are_none(index: Index) -> None:
    kept = KeptMetadata(index)
    await filled(index, kept, *range(1, 70))
    first = replace(instance(1), corrections=(NewValue(0x00100010, "Roe", "19700101"),))
    await keep(index, kept, first, Made(bytes(range(40, 100)) * 5, TABLE))
    await filled(index, kept, 80, 81)
    found = await kept.find([first, *(instance(each) for each in range(2, 90))])
    assert all(found[content_of(instance(each))] == MADE + b" %d" % each for each in (80, 81))
    wrong = {
        each: found[content_of(instance(each))]
        for each in range(2, 70)
        if found.get(content_of(instance(each)), MADE + b" %d" % each) != MADE + b" %d" % each
    }
    assert wrong == {}
    assert await kept.frames(first) is None
    for each in range(2, 70):
        assert await kept.frames(instance(each)) in {None, TABLE + b" %d" % each}


async def test_another_format_is_none(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptMetadata(index)
    await filled(index, kept, 1)
    monkeypatch.setattr(kept_metadata, "FORMAT", FORMAT + 1)
    assert await kept.find([instance(1)]) == {}


class Bytes:
    """An index that gives back anything, or fails."""

    def __init__(self, entry: bytes = b"", fault: IndexFault | None = None) -> None:
        self.entry, self.fault = entry, fault
        self.put: list[list[int]] = []
        self.entries: list[bytes] = []

    async def metadata(self, instances: Sequence[int]) -> Mapping[int, bytes]:
        if self.fault is not None:
            raise self.fault
        return dict.fromkeys(instances, self.entry)

    async def put_metadata(self, metadata: Sequence[NewHeader]) -> None:
        self.put.append([each.instance for each in metadata])
        self.entries += [each.header for each in metadata]
        if self.fault is not None:
            raise self.fault


@given(st.binary(max_size=40))
async def test_bytes_of_any_kind_are_none(entry: bytes) -> None:
    assert await KeptMetadata(Bytes(entry)).find([instance(1)]) == {}
    assert await KeptMetadata(Bytes(entry)).frames(instance(1)) is None


@given(st.integers(0, HEAD_BYTES + len(MADE + TABLE) - 1), st.integers(1, 255))
async def test_an_entry_with_a_byte_altered_is_none(place: int, other: int) -> None:
    index = Bytes()
    await KeptMetadata(index).keep([instance(1)], [Made(MADE, TABLE)])
    [entry] = index.entries
    assert len(entry) == HEAD_BYTES + len(MADE + TABLE)
    for altered in (
        entry[:place],
        bytes((*entry[:place], entry[place] ^ other, *entry[place + 1 :])),
    ):
        kept = KeptMetadata(Bytes(altered))
        assert await kept.find([instance(1)]) == {}
        assert await kept.frames(instance(1)) is None
    assert await KeptMetadata(Bytes(entry)).find([instance(1)]) == {content_of(instance(1)): MADE}


async def test_where_frames_lie_is_kept_beside_metadata(index: Index) -> None:
    await filled(index, KeptMetadata(index), 1, 2)
    kept = KeptMetadata(index)
    assert [await kept.frames(instance(each)) for each in (1, 2, 3)] == [
        TABLE + b" 1", TABLE + b" 2", None,
    ]  # fmt: skip
    await keep(index, kept, instance(3), Made(MADE))
    assert await kept.frames(instance(3)) is None


async def test_a_frame_table_of_other_data_is_none(index: Index) -> None:
    """As where an index was set back, and gave the number anew."""
    await filled(index, KeptMetadata(index), 1)
    other = replace(instance(9), number=1)
    assert await KeptMetadata(index).frames(other) is None


async def test_what_is_corrected_has_no_frame_table(index: Index) -> None:
    kept = KeptMetadata(index)
    await filled(index, kept, 1)
    corrected = replace(instance(1), corrections=(NewValue(0x00100010, "Roe", "19700101"),))
    assert await kept.find([instance(1)])
    await keep(index, kept, corrected, Made(b"{}", TABLE))
    assert await kept.find([corrected])
    assert await kept.frames(corrected) is None


async def test_whose_metadata_was_asked_for_is_remembered() -> None:
    index = Bytes()
    kept = KeptMetadata(index)
    page = [instance(1), instance(2)]
    await kept.keep(page[:1], [Made(MADE, TABLE)])
    [index.entry] = index.entries
    assert len(await kept.find(page[:1])) == 1
    kept.keep_later(page[1:], [Made(MADE, TABLE + b" 2")])
    index.fault = IndexFault(IndexFaultKind.BUSY, "test")
    assert [await kept.frames(each) for each in page] == [TABLE, TABLE + b" 2"]
    assert await KeptMetadata(index).frames(page[0]) is None


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_metadata, "MAX_TABLES", 2)
    monkeypatch.setattr(kept_metadata, "MAX_TABLE_BYTES", len(TABLE))
    kept = KeptMetadata(Bytes())
    page = [instance(each) for each in range(1, 6)]
    kept.keep_later(page, [Made(MADE, TABLE)] * 4 + [Made(MADE, TABLE + b" ")])
    assert [*kept._tables] == [content_of(each) for each in page[2:4]]


async def test_an_index_that_fails_is_as_one_that_has_nothing() -> None:
    index = Bytes(fault=IndexFault(IndexFaultKind.INPUT_OUTPUT, "test"))
    kept = KeptMetadata(index)
    await kept.keep([instance(1)], [Made(MADE)])
    assert index.put == [[1]]
    assert await kept.find([instance(1)]) == {}
    assert await kept.frames(instance(1)) is None


async def test_what_is_kept_later_is_kept_by_who_runs(index: Index) -> None:
    kept = KeptMetadata(index)
    page = [instance(each) for each in range(1, 200)]
    kept.keep_later(page, [Made(MADE)] * len(page))
    assert await kept.find(page) == {}
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kept.run)
        with anyio.fail_after(30):
            while len(await kept.find(page)) < len(page):
                await anyio.lowlevel.checkpoint()
        kept.keep_later([instance(300)], [Made(MADE)])
        with anyio.fail_after(30):
            while not await kept.find([instance(300)]):
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_metadata, "MAX_WAITING_BYTES", 3 * (HEAD_BYTES + len(MADE)))
    kept = KeptMetadata(Bytes())
    for number in (1, 2, 3, 3, 4, 5):
        kept.keep_later([instance(number)], [Made(MADE)])
    assert list(kept._waiting) == [3, 4, 5]
    assert kept._waiting_bytes == 3 * (HEAD_BYTES + len(MADE))


async def test_what_is_long_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_metadata, "MAX_OBJECT_BYTES", len(MADE))
    index = Bytes()
    kept = KeptMetadata(index)
    await kept.keep([instance(1), instance(2)], [Made(MADE), Made(MADE + b" ")])
    assert index.put == [[1]]


async def test_of_what_is_long_with_its_frame_table_only_that_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index = Bytes()
    for most_bytes, table in ((len(MADE + TABLE), TABLE), (len(MADE + TABLE) - 1, None)):
        monkeypatch.setattr(kept_metadata, "MAX_OBJECT_BYTES", most_bytes)
        await KeptMetadata(index).keep([instance(1)], [Made(MADE, TABLE)])
        index.entry = index.entries[-1]
        kept = KeptMetadata(index)
        assert await kept.frames(instance(1)) == table
        assert await kept.find([instance(1)]) == {content_of(instance(1)): MADE}


async def test_the_format_is_raised_when_what_is_written_changes() -> None:
    """Whoever changes what is written of an object raises FORMAT, and this digest with it."""
    store = MemoryStore()
    values: dict[str, str | int] = {
        "SOPInstanceUID": "1.2.3.4", "PatientName": "Doe^Jane", "PixelSpacing": r"0.5\1",
        "Rows": 50, "Columns": 50, "BitsAllocated": 16,
    }  # fmt: skip
    one = await retrievable(store, data_set(values, pixel_bytes=5_000), EXPLICIT.uid)
    [made] = await MetadataMaker(store, Uncorrected()).made([one])
    assert made.frames
    said = made.metadata + made.frames + b"%d" % FORMAT
    digest = hashlib.blake2b(said, digest_size=8).hexdigest()
    assert digest == OF_A_SLICE, made
