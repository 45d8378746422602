"""Metadata of a study, a series or an instance (PS3.18 section 10.4.1.1.4)."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from aiohttp.web import StreamResponse

from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.headers import Buffer
from pacsd.dicomweb.accept import choose
from pacsd.net.web.exchange import JSON_OFFERS, Exchange
from pacsd.net.web.selection import Retrieves, instances_of, target_of_instance
from pacsd.net.web.tags import tag_of, tagged, unchanged
from pacsd.net.web.xml import XML_OFFER, send_xml

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
        choice = choose((*JSON_OFFERS, XML_OFFER), exchange.accept, exchange.accepted)

        def bulk_base(instance: Retrievable) -> str:
            return f"{exchange.url(target_of_instance(instance))}/bulkdata/"

        instances = await instances_of(self._retriever, exchange.target)
        media_type = choice.representation.media_type
        tag = tag_of(exchange, instances, media_type)
        not_modified = unchanged(exchange, tag)
        if not_modified is not None:
            return not_modified
        pages = self._pages(instances, bulk_base)
        # The first page is made before the answer begins, so that a fault can still be told.
        all_pages = _with_first(await anext(pages), pages)
        if choice.representation is XML_OFFER:
            return await send_xml(exchange, all_pages, tagged(tag))
        return await exchange.send(_array(all_pages), media_type, headers=tagged(tag))

    async def _pages(
        self, instances: Sequence[Retrievable], bulk_base: Callable[[Retrievable], str]
    ) -> AsyncGenerator[Sequence[bytes], None]:
        for at in range(0, len(instances), PAGE):
            yield await self._reader.read(instances[at : at + PAGE], bulk_base)


async def _with_first(
    first: Sequence[bytes], others: AsyncGenerator[Sequence[bytes], None]
) -> AsyncGenerator[Sequence[bytes], None]:
    yield first
    async with aclosing(others):
        async for page in others:
            yield page


async def _array(pages: AsyncGenerator[Sequence[bytes], None]) -> AsyncGenerator[Buffer, None]:
    """A JSON array of what the pages hold, none of which is empty."""
    before = b"["
    async with aclosing(pages):
        async for page in pages:
            yield before + b",".join(page)
            before = b","
    yield b"]"
