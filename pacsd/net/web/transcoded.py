"""Instances that only a codec can put into what the client takes, as parts of an answer."""

from asyncio import TimerHandle, get_running_loop
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial

from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.headers import Buffer
from pacsd.dicomweb.errors import NotAcceptable
from pacsd.net.sending import OpenDataSet
from pacsd.net.transcoding import NotTranscoded, NotTranscodedNow, Original, Transcoding
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.part10 import preface
from pacsd.net.web.payload import Part
from pacsd.net.web.selection import target_of_instance

TELL_ALIVE_S = 5.0
"""Of a request for which a codec works, so that its connection is not taken for one that stands."""


def transcoded_part(
    exchange: Exchange,
    instance: Retrievable,
    transfer_syntax_uid: str,
    opened: OpenDataSet,
    transcoding: Transcoding,
) -> Part:
    """The file of an instance in another Transfer Syntax. Its first piece comes once it is whole.

    Opened, it raises as `Transcoding.transcoded` does.
    """
    location = exchange.url(target_of_instance(instance))
    open_ = partial(_file_of, exchange, instance, transfer_syntax_uid, opened, transcoding)
    return Part(open_, None, transfer_syntax_uid, location)


@asynccontextmanager
async def had(part: Part) -> AsyncGenerator[Part, None]:
    """A part that was transcoded before anything is said of it, for the time of a block.

    Raises:
        NotAcceptable: it cannot be.
        NotTranscodedNow, OSError, DicomError: it cannot be now, or its original not be read.
    """
    async with aclosing(part.open()) as pieces:
        try:
            first = await anext(pieces, b"")
        except NotTranscodedNow:
            raise
        except NotTranscoded:
            raise cannot_be_transcoded(part.transfer_syntax) from None
        yield replace(part, open=partial(_rest, first, pieces))


def cannot_be_transcoded(transfer_syntax_uid: str) -> NotAcceptable:
    """What is said of an instance that a codec makes nothing of."""
    rule = "asks for what the instance cannot be transcoded to; the log says why"
    return NotAcceptable("transfer-syntax", transfer_syntax_uid, rule)


async def _rest(
    first: Buffer, pieces: AsyncGenerator[Buffer, None]
) -> AsyncGenerator[Buffer, None]:
    yield first
    async for piece in pieces:
        yield piece


async def _file_of(
    exchange: Exchange,
    instance: Retrievable,
    transfer_syntax_uid: str,
    opened: OpenDataSet,
    transcoding: Transcoding,
) -> AsyncGenerator[Buffer, None]:
    original = Original(
        instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid, opened
    )
    begin = preface(instance, transfer_syntax_uid)
    async with AsyncExitStack() as stack:
        with alive_meanwhile(exchange):
            transcoded = transcoding.transcoded(original, transfer_syntax_uid)
            made = await stack.enter_async_context(transcoded)
        yield begin
        async with aclosing(made.pieces()) as pieces:
            async for piece in pieces:
                yield piece


@contextmanager
def alive_meanwhile(exchange: Exchange) -> Iterator[None]:
    """Within the block the connection counts as one over which data moves."""
    loop = get_running_loop()
    waiting: TimerHandle | None = None

    def tell() -> None:
        nonlocal waiting
        exchange.alive()
        waiting = loop.call_later(TELL_ALIVE_S, tell)

    tell()
    try:
        yield
    finally:
        if waiting is not None:
            waiting.cancel()
