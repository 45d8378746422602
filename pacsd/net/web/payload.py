"""Payloads of one part or several, sent as they are read (PS3.18 section 8.6)."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from aiohttp.web import StreamResponse

from pacsd.dicom.headers import Buffer
from pacsd.dicomweb.accept import Choice
from pacsd.dicomweb.headers import location
from pacsd.dicomweb.multipart_writer import PART_END, MultipartWriter
from pacsd.net.transcoding import NotTranscoded
from pacsd.net.web.boundaries import boundary
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.long_work import off_loop_if_many


@dataclass(frozen=True, slots=True)
class Part:
    """A part: how it is read, its length if that is known, its Transfer Syntax, and where it is."""

    open: Callable[[], AsyncGenerator[Buffer, None]]
    size_bytes: int | None
    transfer_syntax: str
    location: str


async def send_parts(
    exchange: Exchange,
    choice: Choice,
    parts: Sequence[Part],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> StreamResponse:
    """Send them in what was chosen: each after the other, or the only one by itself.

    Raises:
        OSError: one could not be read; some of it has left.
    """
    media_type = choice.representation.media_type
    if not choice.representation.is_multipart:
        (part,) = parts
        syntax = f"; transfer-syntax={part.transfer_syntax}" if part.transfer_syntax else ""
        return await exchange.send(
            part.open(),
            media_type + syntax,
            length=part.size_bytes,
            status=status,
            headers={**(headers or {}), "Content-Location": location(part.location)},
        )
    writer = MultipartWriter(media_type, boundary())
    begins, length = await off_loop_if_many(partial(_laid_out, writer, parts), len(parts))
    return await exchange.send(
        _multipart(writer, begins, parts),
        writer.content_type,
        length=length,
        status=status,
        headers=headers,
    )


def _laid_out(writer: MultipartWriter, parts: Sequence[Part]) -> tuple[Sequence[bytes], int | None]:
    """What stands before each part, and the length of all together, if that is known."""
    begins = [
        writer.part(
            length=part.size_bytes,
            transfer_syntax=part.transfer_syntax,
            content_location=part.location,
        )
        for part in parts
    ]
    sizes = [part.size_bytes for part in parts if part.size_bytes is not None]
    if len(sizes) < len(parts):
        return begins, None
    return begins, writer.content_length(zip(begins, sizes, strict=True))


async def _multipart(
    writer: MultipartWriter, begins: Sequence[bytes], parts: Sequence[Part]
) -> AsyncGenerator[Buffer, None]:
    """The parts. What cannot be transcoded keeps no other from leaving, but the end is missing.

    So whoever reads as it comes has all the others, and nobody takes it for complete.
    """
    end_before = b""
    missing: NotTranscoded | None = None
    for begin, part in zip(begins, parts, strict=True):
        try:
            async with aclosing(part.open()) as pieces:
                first = await anext(pieces, b"")
                yield end_before + begin
                end_before = PART_END
                yield first
                async for piece in pieces:
                    yield piece
        except NotTranscoded as error:
            missing = error
    if missing is not None:
        raise missing
    yield end_before + writer.closing
