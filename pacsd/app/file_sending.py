"""Files sent to a peer: found, looked at and sent, a few hundred ahead at the most."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol, Self, TypeGuard

from anyio import to_thread

from pacsd.app.dicom_files import DicomFile, Found, Skipped, find
from pacsd.net.data_sets import read_file
from pacsd.net.delivery import Delivery, Terms
from pacsd.net.errors import AssociationError
from pacsd.net.scu import Destination
from pacsd.net.sending import Outbound, Outcome

FILES_AT_ONCE = 200
"""So many files are looked at before the next are sent: what they need is negotiated together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundFile(Outbound):
    """A file with an instance that is to be sent."""

    path: Path

    @classmethod
    def of(cls, file: DicomFile) -> Self:
        """What was found, to be read when its turn comes."""
        return cls(
            file.sop_class_uid,
            file.sop_instance_uid,
            file.transfer_syntax_uid,
            partial(read_file, file.path, file.data_set_offset),
            file.is_even,
            path=file.path,
        )


class Listener(Protocol):
    """Who is told what became of each file."""

    def sent(self, file: OutboundFile, outcome: Outcome) -> None:
        """It was sent, or could not be."""

    def skipped(self, path: Path) -> None:
        """It holds no instance."""

    def unreadable(self, path: Path, why: str) -> None:
        """It cannot be read as a DICOM file."""

    def not_tried(self, files: int) -> None:
        """So many more with an instance were not tried: the peer was given up before."""


async def send_files(
    paths: Sequence[Path], destination: Destination, terms: Terms, listener: Listener
) -> None:
    """Send all instances in these files and folders; see `dicom_files.find`.

    Raises:
        AssociationError: no association can be had, or none that is of use; the rest was not
            tried, but the listener knows how many these are.
    """
    run = _Run(find(paths), listener)
    delivery = Delivery[OutboundFile](destination, terms, run.sent)
    try:
        await delivery.run(run.groups())
    except AssociationError:
        await run.count_rest()
        raise


class _Run:
    """The files of one run, and how many of them nobody has sent yet."""

    def __init__(self, files: Iterator[Found], listener: Listener) -> None:
        self._files = files
        self._listener = listener
        self._unsent = 0

    async def groups(self) -> AsyncIterator[Sequence[OutboundFile]]:
        """What is to be sent, as it is found."""
        while group := await to_thread.run_sync(_some, self._files):
            sendable = [OutboundFile.of(each) for each in group if self._is_sendable(each)]
            self._unsent += len(sendable)
            yield sendable

    def sent(self, file: OutboundFile, outcome: Outcome) -> None:
        """Hand on what became of a file."""
        self._unsent -= 1
        self._listener.sent(file, outcome)

    async def count_rest(self) -> None:
        """Look at the files left and say how many were not tried."""
        self._listener.not_tried(self._unsent)
        while group := await to_thread.run_sync(_some, self._files):
            self._listener.not_tried(sum([self._is_sendable(each) for each in group]))

    def _is_sendable(self, found: Found) -> TypeGuard[DicomFile]:
        if isinstance(found, DicomFile):
            return True
        if isinstance(found, Skipped):
            self._listener.skipped(found.path)
        else:
            self._listener.unreadable(found.path, found.why)
        return False


def _some(files: Iterator[Found]) -> list[Found]:
    return list(islice(files, FILES_AT_ONCE))
