"""WADO-RS as user agent: the instances of a resource as DICOM files (PS3.18 section 10.4)."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from enum import Enum
from http import HTTPStatus
from typing import Protocol

from pacsd.dicomweb.errors import DicomWebError
from pacsd.dicomweb.media_types import media_type_of
from pacsd.dicomweb.multipart import (
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
    related_of,
)
from pacsd.dicomweb.targets import Target, path_of
from pacsd.net.web_client.answer import ServerAnswer
from pacsd.net.web_client.errors import Broken
from pacsd.net.web_client.refusal import refused
from pacsd.net.web_client.session import Request, WebSession

MAX_PARTS = 10_000_000

_DICOM = "application/dicom"
# PS3.18 section 8.7.3.5.2: `*` takes what is kept, in whatever Transfer Syntax.
_ACCEPT = {"Accept": f'multipart/related; type="{_DICOM}"; transfer-syntax=*'}
_FOUND = frozenset({200, 206})
_NOTHING = frozenset({204, 404, 410})


class PartSink(Protocol):
    """Where the bytes of one file go."""

    async def write(self, data: memoryview, /) -> None:
        """Take more of it; the buffer is free again afterwards."""

    async def finish(self) -> None:
        """It is whole."""

    async def abort(self) -> None:
        """It will not become whole."""


class Came(Enum):
    """What came of a resource."""

    NOTHING = "nothing of this is there"
    SOME = "the server left some of it out (status 206)"
    ALL = "all"


async def retrieve(session: WebSession, target: Target, begin: Callable[[], PartSink]) -> Came:
    """Hand each file of a resource to a sink of its own; how much of it there was.

    Raises:
        NotReached: there is no connection.
        Refused: the server does not give it.
        Broken: the answer is none of DICOM files, or broke off; the files before are whole.
    """
    async with session.ask(Request("GET", path_of(target), _ACCEPT)) as answer:
        if answer.status in _NOTHING:
            return Came.NOTHING
        if answer.status not in _FOUND:
            raise await refused(answer)
        parts = _Parts(begin)
        try:
            await _take(answer, parts)
        except DicomWebError as error:
            raise Broken(f"the answer is none of WADO-RS: {error}") from None
        finally:
            await parts.close()
    return Came.SOME if answer.status == HTTPStatus.PARTIAL_CONTENT else Came.ALL


async def _take(answer: ServerAnswer, parts: "_Parts") -> None:
    if answer.media_type.essence == _DICOM:
        await parts.take_whole(answer.pieces())
        return
    related = related_of(answer.content_type)
    if related.media_type not in {_DICOM, ""}:
        raise Broken(f"the answer is of parts '{related.media_type}', not {_DICOM}")
    reader = MultipartReader(related.boundary, MAX_PARTS)
    async with aclosing(answer.pieces()) as pieces:
        async for piece in pieces:
            for event in reader.feed(piece):
                await parts.take(event)
    reader.end()


class _Parts:
    """The parts of one answer; at most one of them is open."""

    def __init__(self, begin: Callable[[], PartSink]) -> None:
        self._begin = begin
        self._open: PartSink | None = None

    async def take(self, event: object) -> None:
        """Take the next event of the payload."""
        if isinstance(event, PartBegin):
            _check_type(event)
            self._open = self._begin()
        elif isinstance(event, PartData) and self._open is not None:
            await self._open.write(event.data)
        elif isinstance(event, PartEnd) and self._open is not None:
            sink, self._open = self._open, None
            await sink.finish()

    async def take_whole(self, pieces: AsyncGenerator[bytes, None]) -> None:
        """Take an answer that is one file by itself."""
        self._open = self._begin()
        async with aclosing(pieces):
            async for piece in pieces:
                await self._open.write(memoryview(piece))
        sink, self._open = self._open, None
        await sink.finish()

    async def close(self) -> None:
        """Nothing more comes: what is not whole is given up."""
        if self._open is not None:
            sink, self._open = self._open, None
            await sink.abort()


def _check_type(begin: PartBegin) -> None:
    said = begin.header("content-type")
    media_type = media_type_of(said or _DICOM)
    if media_type is None or media_type.essence != _DICOM:
        raise Broken(f"a part of the answer is '{said[:64]!a}', not {_DICOM}")
