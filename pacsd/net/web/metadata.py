"""Metadata of a study, a series or an instance (PS3.18 section 10.4.1.1.4)."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from aiohttp.web import Response, StreamResponse

from pacsd.archive.kept_metadata import FORMAT
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.headers import Buffer
from pacsd.dicomweb.accept import Representation
from pacsd.net.web.exchange import JSON_OFFERS, Exchange
from pacsd.net.web.gzip_coding import vary
from pacsd.net.web.known_instances import KnownInstances
from pacsd.net.web.selection import Retrieves, instances_of, path_below_study, target_of_instance
from pacsd.net.web.tags import names_known, tag_of, tag_of_version, tagged, text_tag, unchanged
from pacsd.net.web.xml import XML_OFFER, send_xml

PAGE = 200


class ReadsMetadata(Protocol):
    """Who makes metadata; see `MetadataReader`."""

    async def read(
        self, page: Sequence[Retrievable], bulk_base: Callable[[Retrievable], str]
    ) -> list[bytes]:
        """A JSON object of each, in their order; of the first ones, at least of one."""


class MetadataDesk:
    """Answers requests for metadata."""

    def __init__(self, retriever: Retrieves, reader: ReadsMetadata) -> None:
        self._retriever = retriever
        self._reader = reader
        self._known = KnownInstances(retriever)

    async def answer(self, exchange: Exchange) -> StreamResponse:
        """The metadata of all instances of a resource, as it is read.

        Raises:
            DicomWebError: there is none, or not in what the client takes.
            FindError: the index cannot be read.
            OSError: one cannot be read; some may have left.
        """
        choice = exchange.choose((*JSON_OFFERS, XML_OFFER))
        representation, target = choice.representation, exchange.target
        where = " below study" if exchange.profile.is_below_study else ""
        variant = f"{representation.media_type} {FORMAT}{where}"
        if target.sop_instance_uid:
            instances = await instances_of(self._retriever, target, exchange.sight)
            tag = text_tag(exchange, tag_of(exchange, instances, variant))
            return await self._answer(exchange, representation, instances, tag)
        sight = exchange.sight
        version = await self._retriever.version(target.study_instance_uid, sight=sight)
        tag = text_tag(exchange, tag_of_version(exchange, version, f"{variant}{sight.mark}"))
        # Only what this study is now has that tag: its instances need not be listed to compare.
        not_modified = _unchanged(exchange, tag) if names_known(exchange) else None
        if not_modified is not None:
            return not_modified
        instances = await self._known.of(target, version, sight)
        return await self._answer(exchange, representation, instances, tag)

    async def _answer(
        self,
        exchange: Exchange,
        representation: Representation,
        instances: Sequence[Retrievable],
        tag: str,
    ) -> StreamResponse:
        def bulk_base(instance: Retrievable) -> str:
            if exchange.profile.is_below_study:
                return f"{path_below_study(instance)}/bulkdata/"
            return f"{exchange.url(target_of_instance(instance))}/bulkdata/"

        not_modified = _unchanged(exchange, tag)
        if not_modified is not None:
            return not_modified
        pages = self._pages(instances, bulk_base)
        # The first page is made before the answer begins, so that a fault can still be told.
        all_pages = _with_first(await anext(pages), pages)
        if representation is XML_OFFER:
            return await send_xml(exchange, all_pages, tagged(tag))
        media_type = representation.media_type
        return await exchange.send(_array(all_pages), media_type, headers=tagged(tag))

    async def _pages(
        self, instances: Sequence[Retrievable], bulk_base: Callable[[Retrievable], str]
    ) -> AsyncGenerator[Sequence[bytes], None]:
        at = 0
        while at < len(instances):
            page = await self._reader.read(instances[at : at + PAGE], bulk_base)
            at += len(page)
            yield page


def _unchanged(exchange: Exchange, tag: str) -> Response | None:
    return unchanged(exchange, tag, vary(exchange.allowed, "Accept-Encoding"))


async def _with_first(
    first: Sequence[bytes], others: AsyncGenerator[Sequence[bytes], None]
) -> AsyncGenerator[Sequence[bytes], None]:
    yield first
    async with aclosing(others):
        async for page in others:
            yield page


async def _array(pages: AsyncGenerator[Sequence[bytes], None]) -> AsyncGenerator[Buffer, None]:
    """A JSON array of what the pages hold, none of which is empty."""
    begin = b"["
    async with aclosing(pages):
        async for page in pages:
            first, *others = page
            # One piece of a page: of a first one of a byte the compressor makes nothing.
            yield b",".join([begin + first, *others])
            begin = b","
    yield b"]"
