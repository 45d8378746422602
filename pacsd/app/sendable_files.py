"""Files on their way to a peer: found and looked at, a few hundred ahead at the most."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from anyio import to_thread

from pacsd.app.dicom_files import DicomFile, Found, Skipped, Unreadable
from pacsd.dicom.errors import DicomError
from pacsd.net.sending import Outcome

FILES_AT_ONCE = 200
"""So many files are looked at before the next are sent: what they need is negotiated together."""


class SentFile(Protocol):
    """A file with an instance that is sent."""

    @property
    def path(self) -> Path:
        """Where it lies."""

    @property
    def transfer_syntax_uid(self) -> str:
        """In which Transfer Syntax it lies there."""


class Listener(Protocol):
    """Who is told what became of each file."""

    def sent(self, file: SentFile, outcome: Outcome) -> None:
        """It was sent, or could not be."""

    def skipped(self, path: Path) -> None:
        """It holds no instance."""

    def unreadable(self, path: Path, why: str) -> None:
        """It cannot be read as a DICOM file."""

    def not_tried(self, files: int) -> None:
        """So many more with an instance were not tried: the peer was given up before."""


FileT = TypeVar("FileT", bound=SentFile)


class SendableFiles(Generic[FileT]):
    """The files of one run, and how many of them nobody has sent yet.

    `made_of` makes of each, in a thread, what is to be sent; OSError and DicomError say that
    this cannot be.
    """

    def __init__(
        self, files: Iterator[Found], made_of: Callable[[DicomFile], FileT], listener: Listener
    ) -> None:
        self._files = files
        self._made_of = made_of
        self._listener = listener
        self._unsent = 0

    async def groups(self) -> AsyncIterator[Sequence[FileT]]:
        """What is to be sent, as it is found."""
        while group := await to_thread.run_sync(self._some):
            sendable = self._sendable(group)
            self._unsent += len(sendable)
            yield sendable

    def sent(self, file: FileT, outcome: Outcome) -> None:
        """Hand on what became of a file."""
        self._unsent -= 1
        self._listener.sent(file, outcome)

    async def count_rest(self) -> None:
        """Look at the files left and say how many were not tried."""
        self._listener.not_tried(self._unsent)
        while group := await to_thread.run_sync(self._some):
            self._listener.not_tried(len(self._sendable(group)))

    def _some(self) -> list[FileT | Skipped | Unreadable]:
        return [self._made(found) for found in islice(self._files, FILES_AT_ONCE)]

    def _made(self, found: Found) -> FileT | Skipped | Unreadable:
        if not isinstance(found, DicomFile):
            return found
        try:
            return self._made_of(found)
        except OSError as error:
            return Unreadable(found.path, error.strerror or str(error))
        except DicomError as error:
            return Unreadable(found.path, str(error))

    def _sendable(self, group: list[FileT | Skipped | Unreadable]) -> list[FileT]:
        """What can be sent; of the rest the listener is told."""
        sendable: list[FileT] = []
        for each in group:
            if isinstance(each, Skipped):
                self._listener.skipped(each.path)
            elif isinstance(each, Unreadable):
                self._listener.unreadable(each.path, each.why)
            else:
                sendable.append(each)
        return sendable
