"""STOW-RS as user agent: one request with several instances, as files (PS3.18 section 10.5)."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from secrets import token_hex

from pacsd.dicom.errors import DicomError
from pacsd.dicomweb.errors import DicomWebError
from pacsd.dicomweb.multipart_writer import PART_END, MultipartWriter
from pacsd.dicomweb.store_response import ACCEPT, StoreResponse, read_store_response
from pacsd.dicomweb.targets import Kind, Target, path_of
from pacsd.net.web_client.answer import ServerAnswer
from pacsd.net.web_client.errors import Broken, UnreadableInstance
from pacsd.net.web_client.refusal import refused, warned
from pacsd.net.web_client.session import Moved, Request, WebSession

MAX_RESPONSE_BYTES = 8 << 20

_DICOM = "application/dicom"
_RANDOM_BYTES = 16
_ALL_STORED = 200
_ANSWERED = frozenset({_ALL_STORED, 202})
_MAYBE_ANSWERED = frozenset({400, 409, 413, 415, 500, 503})
"""Refusals whose payload may say more of single instances."""

OpenFile = Callable[[], AsyncGenerator[bytes, None]]


@dataclass(frozen=True, slots=True)
class FileToStore:
    """A DICOM file (PS3.10 section 7) of `size_bytes`, which `open` gives, each time anew.

    It leaves in the Transfer Syntax it is in: a user agent negotiates none.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    size_bytes: int
    open: OpenFile


async def store(session: WebSession, files: Sequence[FileToStore]) -> StoreResponse:
    """Have a server store files, in one request; what it says of each.

    An answer of 200 without a payload says that it has all of them (PS3.18 table 10.5.3-1).

    Raises:
        UnreadableInstance: a file could not be read to its end, or is not as long as it was.
        NotReached: there is no connection.
        Broken: there is no answer, or none that can be read.
        Refused: the server stored nothing and does not say of single files why.
    """
    payload = _Payload(files)
    request = Request(
        "POST",
        path_of(Target(Kind.ALL_STUDIES)),
        {"Content-Type": payload.content_type, "Accept": ACCEPT},
        payload.pieces,
        payload.length,
    )
    try:
        async with session.ask(request) as answer:
            return await _read(answer, files)
    except Broken:
        if payload.fault is not None:
            raise payload.fault from None
        raise


async def _read(answer: ServerAnswer, files: Sequence[FileToStore]) -> StoreResponse:
    if answer.status not in _ANSWERED | _MAYBE_ANSWERED:
        raise await refused(answer)
    if answer.status in _MAYBE_ANSWERED and not _may_be_response(answer):
        raise await refused(answer)
    data = await answer.read(MAX_RESPONSE_BYTES)
    if not data.strip() and answer.status == _ALL_STORED:
        return StoreResponse({each.sop_instance_uid: 0 for each in files})
    try:
        said = read_store_response(data, answer.content_type)
    except (DicomError, DicomWebError) as error:
        raise Broken(
            f"HTTP {answer.status} with an answer that is none of STOW-RS: {error}"
        ) from None
    return replace(said, warned=warned(answer))


def _may_be_response(answer: ServerAnswer) -> bool:
    """`application/json` is that of other errors, too."""
    return answer.media_type.essence in {"application/dicom+json", "application/dicom+xml"}


class _Payload:
    """The payload of a request, made of the files as it is sent."""

    def __init__(self, files: Sequence[FileToStore]) -> None:
        self._files = files
        self._writer = MultipartWriter(_DICOM, token_hex(_RANDOM_BYTES))
        begin = self._writer.part()
        sizes = ((begin, each.size_bytes) for each in files)
        self.length = self._writer.content_length(sizes)
        self.content_type = self._writer.content_type
        self.fault: UnreadableInstance | None = None

    async def pieces(self, moved: Moved) -> AsyncGenerator[bytes, None]:
        """The bytes; a file that cannot be read ends them, and the connection: `fault` says why."""
        for position, file in enumerate(self._files):
            yield self._writer.part()
            try:
                async with aclosing(_whole(file)) as coming:
                    async for piece in coming:
                        yield piece
                        moved()
            except OSError as error:
                self.fault = UnreadableInstance(position, error.strerror or str(error))
                raise
            yield PART_END
        yield self._writer.closing
        moved()


async def _whole(file: FileToStore) -> AsyncGenerator[bytes, None]:
    """The bytes of a file, as many as it was said to have.

    Raises:
        OSError: it cannot be read, or has another length now.
    """
    left = file.size_bytes
    async with aclosing(file.open()) as coming:
        async for piece in coming:
            left -= len(piece)
            if left < 0:
                break
            yield piece
    if left:
        raise OSError(0, "its length has changed while it was sent")
