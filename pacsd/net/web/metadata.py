"""Metadata of a study, a series or an instance (PS3.18 section 10.4.1.1.4)."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol

from aiohttp.web import StreamResponse

from pacsd.archive.retrievable import Retrievable
from pacsd.dicomweb.accept import choose
from pacsd.net.web.exchange import JSON_OFFERS, Exchange
from pacsd.net.web.selection import Retrieves, instances_of, target_of_instance
from pacsd.net.web.tags import tag_of, tagged, unchanged

PAGE = 200


class ReadsMetadata(Protocol):
    """Who makes metadata; see `MetadataReader`."""

    async def read(
        self, page: Sequence[Retrievable], bulk_base: Callable[[Retrievable], str]
    ) -> list[bytes]:
        """A JSON object of each, in their order."""


class MetadataDesk:
    """Answers requests for metadata."""

    def __init__(self, retriever: Retrieves, reader: ReadsMetadata) -> None:
        self._retriever = retriever
        self._reader = reader

    async def answer(self, exchange: Exchange) -> StreamResponse:
        """The metadata of all instances of a resource, as it is read.

        Raises:
            DicomWebError: there is none, or not in what the client takes.
            FindError: the index cannot be read.
            OSError: one cannot be read; some may have left.
        """
        choice = choose(JSON_OFFERS, exchange.accept, exchange.accepted)

        def bulk_base(instance: Retrievable) -> str:
            return f"{exchange.url(target_of_instance(instance))}/bulkdata/"

        instances = await instances_of(self._retriever, exchange.target)
        media_type = choice.representation.media_type
        tag = tag_of(exchange, instances, media_type)
        not_modified = unchanged(exchange, tag)
        if not_modified is not None:
            return not_modified
        pages = self._pages(instances, bulk_base)
        first = await anext(pages)
        return await exchange.send(_array(first, pages), media_type, headers=tagged(tag))

    async def _pages(
        self, instances: Sequence[Retrievable], bulk_base: Callable[[Retrievable], str]
    ) -> AsyncGenerator[bytes, None]:
        for at in range(0, len(instances), PAGE):
            yield b",".join(await self._reader.read(instances[at : at + PAGE], bulk_base))


async def _array(first: bytes, pages: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """A JSON array of what the pages hold; the first is here, so that a fault of it could tell."""
    yield b"[" + first
    async for page in pages:
        yield b"," + page
    yield b"]"
