"""Bulk data: the value of an element by itself (PS3.18 section 10.4.1.1.5).

It is that which the instance leaves with. Pixels are never corrected, so that corrections are not
looked up for them.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Protocol

from aiohttp.web import StreamResponse

from pacsd.archive.bulk_data import Value
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.outline import PIXELS
from pacsd.dicom.tag import Tag
from pacsd.dicom.walk import PIXEL_DATA, Path
from pacsd.dicomweb.accept import Choice, Representation
from pacsd.dicomweb.errors import NotFound
from pacsd.dicomweb.ranges import byte_ranges
from pacsd.dicomweb.targets import Kind, Target, path_of
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.frames import FrameDesk
from pacsd.net.web.payload import Part, send_parts
from pacsd.net.web.pixel_media_types import OCTET_STREAM
from pacsd.net.web.selection import Retrieves, the_instance
from pacsd.net.web.tags import tag_of, tagged, unchanged
from pacsd.net.web.trail import Trail

OFFERS = (
    Representation(OCTET_STREAM, is_multipart=True),
    Representation(OCTET_STREAM, is_multipart=False),
)


class ReadsValues(Protocol):
    """Who reads values; see `BulkReader`."""

    async def find(self, instance: Retrievable, path: Path, tag: Tag) -> Value | None:
        """The value of an element as it leaves; None if it has none, or one in fragments."""


class BulkDesk:
    """Answers requests for bulk data."""

    def __init__(
        self, retriever: Retrieves, reader: ReadsValues, frames: FrameDesk, trail: Trail
    ) -> None:
        self._retriever = retriever
        self._trail = trail
        self._reader = reader
        self._frames = frames

    async def answer(self, exchange: Exchange) -> StreamResponse:
        """The value, or the part of it that a Range header asks for; of fragments, all frames.

        Raises:
            DicomWebError: it is not there, or not in what the client takes.
            FindError: the index cannot be read.
            OSError: it cannot be read.
        """
        target, element = exchange.target, exchange.target.element
        if element is None:
            raise _not_there(target)
        is_pixels = element.tag in PIXELS and not element.path
        find = self._retriever.locate if is_pixels else self._retriever.find
        instance = await the_instance(partial(find, sight=exchange.sight), target)
        value = await self._reader.find(instance, element.path, element.tag)
        if value is not None:
            return await self._send(exchange, instance, value)
        if element.tag == PIXEL_DATA and not element.path:
            frames = replace(target, kind=Kind.FRAMES, element=None)
            return await self._frames.answer_all(replace(exchange, target=frames), instance)
        raise _not_there(target)

    async def _send(
        self, exchange: Exchange, instance: Retrievable, value: Value
    ) -> StreamResponse:
        choice = exchange.choose(OFFERS)
        is_alone = not choice.representation.is_multipart
        tag = tag_of(exchange, [instance], f"{is_alone}")
        not_modified = unchanged(exchange, tag)
        if not_modified is not None:
            return not_modified
        if is_alone:
            return await self._send_alone(exchange, value, choice, tagged(tag))
        await self._trail.viewed(exchange)
        part = _part(exchange, value, 0, value.size_bytes)
        return await send_parts(exchange, choice, [part], headers=tagged(tag))

    async def _send_alone(
        self, exchange: Exchange, value: Value, choice: Choice, tagged_: Mapping[str, str]
    ) -> StreamResponse:
        ranges = byte_ranges(exchange.request.headers.get("Range"), value.size_bytes)
        await self._trail.viewed(exchange)
        headers = {"Accept-Ranges": "bytes", **tagged_}
        if len(ranges) != 1:
            part = _part(exchange, value, 0, value.size_bytes)
            return await send_parts(exchange, choice, [part], headers=headers)
        (wanted,) = ranges
        part = _part(exchange, value, wanted.start, wanted.stop)
        headers["Content-Range"] = wanted.content_range(value.size_bytes)
        return await send_parts(
            exchange, choice, [part], status=HTTPStatus.PARTIAL_CONTENT, headers=headers
        )


def _not_there(target: Target) -> NotFound:
    """What is said of an element that is not there."""
    written = path_of(target).partition("/bulkdata/")[2]
    return NotFound("bulkdata", written, "is not in the instance, or has no value")


def _part(exchange: Exchange, value: Value, start: int, stop: int) -> Part:
    return Part(partial(value.read, start, stop), stop - start, "", exchange.url(exchange.target))
