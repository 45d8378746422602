"""Corrected data sets that can be read from anywhere (PS3.3 section C.12.1.1.9).

Their bytes lie nowhere: whoever reads some has the stored ones corrected again, as far as that.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from pacsd.archive.metadata_maker import ReadsCorrected
from pacsd.archive.outlines import Source, inflated, read_outline
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Unreadable
from pacsd.dicom.header_stream import HeaderStream, known_syntax
from pacsd.dicom.outline import Outline
from pacsd.dicom.registry import TransferSyntax

MAX_HELD_BYTES = 64 * 1024 * 1024
"""Of a data set that is deflated, which is held until it is inflated."""


@dataclass(frozen=True, slots=True)
class CorrectedSource:
    """A data set as it leaves corrected; `size_bytes` are as many as were looked at so far."""

    reads: ReadsCorrected
    instance: Retrievable
    syntax: TransferSyntax
    size_bytes: int

    async def read(self, ranges: Sequence[tuple[int, int]], /) -> AsyncGenerator[bytes, None]:
        """The bytes of these (offset, length), for each of which all before it are read.

        Raises:
            Unreadable: they cannot be read, or not be corrected.
        """
        for offset, length in ranges:
            at, end = 0, offset + length
            async with aclosing(self.reads.read(self.instance)) as pieces:
                async for piece in pieces:
                    part = piece[max(0, offset - at) : max(0, end - at)]
                    at += len(piece)
                    if part:
                        yield part
                    if at >= end:
                        break


async def read_corrected(reads: ReadsCorrected, instance: Retrievable) -> tuple[Source, Outline]:
    """A corrected data set, and the outline of it up to Pixel Data: nothing behind is corrected.

    Raises:
        Unreadable: it cannot be read, or not be corrected, or a deflated one is too long.
        StoreError: it cannot be read.
        InflateError: it cannot be inflated within bounds.
    """
    syntax = known_syntax(instance.transfer_syntax_uid)
    if syntax.is_deflated:
        source = await inflated(await _held(reads, instance))
        return source, await read_outline(source)
    stream, size_bytes = HeaderStream(syntax), 0
    async with aclosing(reads.read(instance)) as pieces:
        async for piece in pieces:
            size_bytes += len(piece)
            stream.feed(piece)
            if stream.is_over:
                break
    stream.end()
    outline = Outline(stream.header(), size_bytes)
    return CorrectedSource(reads, instance, syntax, size_bytes), outline


async def _held(reads: ReadsCorrected, instance: Retrievable) -> bytes:
    held = bytearray()
    async with aclosing(reads.read(instance)) as pieces:
        async for piece in pieces:
            held += piece
            if len(held) > MAX_HELD_BYTES:
                raise Unreadable(f"it is deflated, and longer than {MAX_HELD_BYTES} bytes")
    return bytes(held)
