"""Metadata of instances, made once: from memory, from what is kept on disk, or made now."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from pacsd.archive.kept_metadata import Content, content_of
from pacsd.archive.metadata_maker import TOGETHER, Made
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.json_writer import with_base

MAX_MEMORY_BYTES = 64 * 1024 * 1024
"""Of metadata that was asked for and may be again: 6,000 slices of a CT."""

MAX_REMEMBERED_BYTES = 1024 * 1024
"""Of one instance: a longer object would take the place of many."""

MAX_PAGE_BYTES = 16 * 1024 * 1024
"""Of what is read at once, beside the last object."""

BulkBase = Callable[[Retrievable], str]
"""The URL below which the bulk data of an instance is."""


class MakesMetadata(Protocol):
    """Who makes it of what is stored; see `MetadataMaker`."""

    async def made(self, instances: Sequence[Retrievable]) -> list[Made]:
        """What is to be known of each of the first ones."""


class KeepsMetadata(Protocol):
    """Who keeps what was made; see `KeptMetadata`."""

    async def find(self, instances: Sequence[Retrievable]) -> Mapping[Content, bytes]:
        """The JSON objects that are kept of these, without the base of bulk data."""

    async def keep(self, instances: Sequence[Retrievable], made: Sequence[Made]) -> None:
        """Keep what was made of these."""

    def keep_later(self, instances: Sequence[Retrievable], made: Sequence[Made]) -> None:
        """The same, without waiting for it."""


class MetadataReader:
    """Gives out metadata, made by `maker` where `kept` has none."""

    def __init__(self, maker: MakesMetadata, kept: KeepsMetadata) -> None:
        self._maker = maker
        self._kept = kept
        self._memory: dict[Content, bytes] = {}
        self._memory_bytes = 0

    async def read(self, page: Sequence[Retrievable], bulk_base: BulkBase) -> list[bytes]:
        """A JSON object of each, in their order; where they are long, only of the first ones.

        Raises:
            Unreadable: one of them cannot be read.
        """
        contents = [content_of(each) for each in page]
        found = {each: self._memory[each] for each in contents if each in self._memory}
        missing = _without(found, page)
        if missing:
            found |= await self._kept.find(missing)
        objects: list[bytes] = []
        left_bytes = MAX_PAGE_BYTES
        for place, (content, each) in enumerate(zip(contents, page, strict=True)):
            if content not in found:
                found |= await self._made(_without(found, page[place:])[:TOGETHER])
            objects.append(with_base(found[content], bulk_base(each)))
            left_bytes -= len(objects[-1])
            if left_bytes < 0:
                break
        self._remember(found)
        return objects

    async def prepare(self, page: Sequence[Retrievable]) -> int:
        """Make and keep what nobody has asked for yet, `TOGETHER` at most; how many that were.

        Raises:
            Unreadable: one of them cannot be read.
        """
        missing = _without(await self._kept.find(page), page)
        for_later = missing
        while for_later:
            made = await self._maker.made(for_later)
            await self._kept.keep(for_later[: len(made)], made)
            for_later = for_later[len(made) :]
        return len(missing)

    async def _made(self, instances: Sequence[Retrievable]) -> dict[Content, bytes]:
        """The objects of the first ones, at least of one."""
        made = await self._maker.made(instances)
        some = instances[: len(made)]
        self._kept.keep_later(some, made)
        return {content_of(each): its.metadata for each, its in zip(some, made, strict=True)}

    def _remember(self, found: Mapping[Content, bytes]) -> None:
        """Keep them in place of the oldest. What an object is made of is its key: none gets old."""
        for content, written in found.items():
            if len(written) > MAX_REMEMBERED_BYTES:
                continue
            self._memory_bytes += len(written) - len(self._memory.pop(content, b""))
            self._memory[content] = written
        while self._memory_bytes > MAX_MEMORY_BYTES:
            self._memory_bytes -= len(self._memory.pop(next(iter(self._memory))))


def _without(found: Mapping[Content, bytes], instances: Sequence[Retrievable]) -> list[Retrievable]:
    return [each for each in instances if content_of(each) not in found]
