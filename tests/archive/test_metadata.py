"""Metadata that is made once, and had from memory or from where it is kept afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from pacsd.api.store import Location
from pacsd.archive import metadata
from pacsd.archive.kept_metadata import Content, content_of
from pacsd.archive.metadata import MetadataReader
from pacsd.archive.metadata_maker import TOGETHER, Made
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.json_writer import MARK
from pacsd.dicom.plain_corrector import NewValue
from pacsd.index.records import Copy, CopyState


def instance(number: int) -> Retrievable:
    copy = Copy(
        number, Location("fs", f"{number}", 9), 9, b"%032d" % number, "1.2", CopyState.OK, 0
    )
    return Retrievable("1.2", f"1.2.{number}", "1.2", (copy,), (), "1.3", number, 7)


def base(one: Retrievable) -> str:
    return f"https://pacs.example/{one.number}/"


class Making:
    """Makes a text of each, and notes of which."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.most = TOGETHER

    async def made(self, instances: Sequence[Retrievable]) -> list[Made]:
        instances = instances[: self.most]
        self.asked.append([each.number for each in instances])
        return [Made(text(each).replace(base(each).encode(), MARK)) for each in instances]


class Keeping:
    """Keeps in memory."""

    def __init__(self) -> None:
        self.entries: dict[Content, bytes] = {}
        self.later: list[int] = []
        self.looks = 0

    async def find(self, instances: Sequence[Retrievable]) -> Mapping[Content, bytes]:
        self.looks += 1
        wanted = map(content_of, instances)
        return {each: self.entries[each] for each in wanted if each in self.entries}

    async def keep(self, instances: Sequence[Retrievable], made: Sequence[Made]) -> None:
        texts = [each.metadata for each in made]
        self.entries |= zip(map(content_of, instances), texts, strict=True)

    def keep_later(self, instances: Sequence[Retrievable], made: Sequence[Made]) -> None:
        self.later += [each.number for each in instances]
        texts = [each.metadata for each in made]
        self.entries |= zip(map(content_of, instances), texts, strict=True)


def text(one: Retrievable) -> bytes:
    values = ",".join(f"{each.tag:08X}={each.value}" for each in one.corrections)
    return f'{{"uri":"{base(one)}7FE00010","n":{one.number}{values}}}'.encode()


class Reading:
    """A reader, who makes for it and who keeps."""

    def __init__(self) -> None:
        self.making, self.keeping = Making(), Keeping()
        self.reader = MetadataReader(self.making, self.keeping)

    async def read(self, *page: Retrievable) -> None:
        """Read these, and see that it is right."""
        assert await self.reader.read(page, base) == [text(each) for each in page]


@pytest.fixture
def reading() -> Reading:
    return Reading()


async def test_it_is_made_once(reading: Reading) -> None:
    await reading.read(instance(1), instance(2))
    await reading.read(instance(2), instance(3), instance(1))
    assert reading.making.asked == [[1, 2], [3]]
    assert reading.keeping.later == [1, 2, 3]


async def test_what_is_remembered_is_looked_for_nowhere(reading: Reading) -> None:
    for _ in range(3):
        await reading.read(instance(1))
    assert reading.keeping.looks == 1


async def test_what_is_kept_is_not_made_by_another_reader(reading: Reading) -> None:
    await reading.read(instance(1), instance(2))
    reading.reader = MetadataReader(reading.making, reading.keeping)
    await reading.read(instance(3), instance(1))
    assert reading.making.asked == [[1, 2], [3]]


async def test_what_was_corrected_is_made_anew(reading: Reading) -> None:
    await reading.read(instance(1))
    corrected = replace(instance(1), corrections=(NewValue(0x00100010, "Roe", "19700101"),))
    await reading.read(corrected)
    await reading.read(instance(1), corrected)
    assert reading.making.asked == [[1], [1]]


async def test_it_is_made_in_bounded_parts(reading: Reading) -> None:
    await reading.read(*map(instance, range(1, 2 * TOGETHER + 2)))
    assert [len(each) for each in reading.making.asked] == [TOGETHER, TOGETHER, 1]


async def test_of_what_is_made_in_smaller_parts_nothing_is_left_out(reading: Reading) -> None:
    reading.making.most = 2
    await reading.read(*map(instance, range(1, 6)))
    assert reading.making.asked == [[1, 2], [3, 4], [5]]
    assert await reading.reader.prepare([instance(each) for each in range(4, 10)]) == 4
    assert reading.making.asked[3:] == [[6, 7], [8, 9]]


async def test_of_what_is_long_the_first_ones_come(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = [instance(each) for each in range(1, 6)]
    monkeypatch.setattr(metadata, "MAX_PAGE_BYTES", 2 * len(text(page[0])))
    assert await reading.reader.read(page, base) == [text(each) for each in page[:3]]
    assert await reading.reader.read(page[3:], base) == [text(each) for each in page[3:]]
    monkeypatch.setattr(metadata, "MAX_REMEMBERED_BYTES", 1)
    assert len(await reading.reader.read([instance(9)], base)) == 1
    assert content_of(instance(9)) not in reading.reader._memory


async def test_memory_is_bounded(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    most = 3 * len(text(instance(1)))
    monkeypatch.setattr(metadata, "MAX_MEMORY_BYTES", most)
    await reading.read(*map(instance, range(1, 10)))
    assert 0 < reading.reader._memory_bytes <= most
    assert sum(map(len, reading.reader._memory.values())) == reading.reader._memory_bytes
    await reading.read(*map(instance, range(1, 10)))
    assert len(reading.making.asked) == 1
    assert reading.keeping.looks == 2


async def test_what_nobody_asked_for_is_made_and_kept(reading: Reading) -> None:
    await reading.read(instance(1))
    assert await reading.reader.prepare([instance(1), instance(2)]) == 1
    assert await reading.reader.prepare([instance(1), instance(2)]) == 0
    await reading.read(instance(1), instance(2))
    assert reading.making.asked == [[1], [2]]
    assert reading.keeping.later == [1]
