"""Answers in JSON and XML, gzip-coded where the client takes it and it pays.

Pixels, files and ZIPs are not: what is compressible of them is compressed by its Transfer Syntax.
Events are not either: each must arrive when it happens. What is coded repeats no secret of ours
beside what a client chose, so that its length tells nobody anything (the BREACH attack).
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from aiohttp.web import Response
from anyio import to_thread
from isal import isal_zlib

from pacsd.dicom.headers import Buffer
from pacsd.dicomweb.content_codings import GZIP, Codings
from pacsd.dicomweb.media_types import media_type_of

MIN_BYTES = 2 * 1024
"""Shorter answers fit into a packet or two: nothing is won."""

_IN_THREAD_BYTES = 256 * 1024
"""Of metadata some 0.2 ms of work; what is longer would keep the event loop."""
_LEVEL = isal_zlib.ISAL_DEFAULT_COMPRESSION
_WINDOW_BITS = 31
"""Deflate with a window of 32 KiB, as a gzip member (RFC 1952)."""
_PAYS = frozenset({
    "application/json", "application/dicom+json", "application/dicom+xml", "text/html",
    "application/vnd.sun.wadl+xml",
})  # fmt: skip


def pays(content_type: str) -> bool:
    """Whether payloads of this type become much shorter."""
    media_type = media_type_of(content_type)
    if media_type is None:
        return False
    is_related = media_type.essence == "multipart/related"
    return (media_type.parameter("type") if is_related else media_type.essence) in _PAYS


def vary(headers: Mapping[str, str], *names: str) -> Mapping[str, str]:
    """The Vary header of an answer that has these headers, and depends on these of the request."""
    known = [each.strip() for each in headers.get("Vary", "").split(",")]
    return {"Vary": ", ".join(dict.fromkeys(filter(None, (*known, *names))))}


async def coded(answer: Response, codings: Codings) -> Response:
    """The same answer, which has not left yet, as the client takes it."""
    body = answer.body
    if not isinstance(body, bytes) or not pays(answer.headers.get("Content-Type", "")):
        return answer
    answer.headers.update(vary(answer.headers, "Accept-Encoding"))
    if codings.gzip and body and (len(body) >= MIN_BYTES or not codings.identity):
        answer.headers["Content-Encoding"] = GZIP
        answer.body = await _compressed(body)
    return answer


async def as_coded(
    pieces: AsyncGenerator[Buffer, None], codings: Codings
) -> tuple[AsyncGenerator[Buffer, None], bool]:
    """A payload as the client takes it, and whether it is gzip-coded; reads its beginning.

    Raises:
        Exception: whatever reading raises; then the pieces are closed.
    """
    if not codings.gzip:
        return pieces, False
    first: list[Buffer] = []
    held = 0
    try:
        while held < MIN_BYTES and codings.identity:
            first.append(await anext(pieces))
            held += len(first[-1])
    except StopAsyncIteration:
        return _again(first, pieces), False
    except BaseException:
        await pieces.aclose()
        raise
    return _gzip_member(_again(first, pieces)), True


async def _again(
    first: list[Buffer], others: AsyncGenerator[Buffer, None]
) -> AsyncGenerator[Buffer, None]:
    async with aclosing(others):
        for piece in first:
            yield piece
        async for piece in others:
            yield piece


async def _gzip_member(pieces: AsyncGenerator[Buffer, None]) -> AsyncGenerator[Buffer, None]:
    """One member, in pieces as the compressor gives them."""
    compressor = isal_zlib.compressobj(_LEVEL, wbits=_WINDOW_BITS)
    async with aclosing(pieces):
        async for piece in pieces:
            if len(piece) >= _IN_THREAD_BYTES:
                compressed = await to_thread.run_sync(compressor.compress, piece)
            else:
                compressed = compressor.compress(piece)
            if compressed:
                yield compressed
    yield compressor.flush()


async def _compressed(body: bytes) -> bytes:
    if len(body) >= _IN_THREAD_BYTES:
        return await to_thread.run_sync(_member, body)
    return _member(body)


def _member(body: bytes) -> bytes:
    return isal_zlib.compress(body, _LEVEL, wbits=_WINDOW_BITS)
