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


async def send_files(
    paths: Sequence[Path], destination: Destination, terms: Terms, listener: Listener
) -> None:
    """Send all instances in these files and folders; see `dicom_files.find`.

    Raises:
        AssociationError: no association can be had, or none that is of use; the rest was not
            tried, and nobody was told of it.
    """
    delivery = Delivery[OutboundFile](destination, terms, listener.sent)
    await delivery.run(_groups(find(paths), listener))


async def _groups(
    files: Iterator[Found], listener: Listener
) -> AsyncIterator[Sequence[OutboundFile]]:
    while group := await to_thread.run_sync(_some, files):
        yield [OutboundFile.of(file) for file in group if _is_sendable(file, listener)]


def _some(files: Iterator[Found]) -> list[Found]:
    return list(islice(files, FILES_AT_ONCE))


def _is_sendable(found: Found, listener: Listener) -> TypeGuard[DicomFile]:
    if isinstance(found, DicomFile):
        return True
    if isinstance(found, Skipped):
        listener.skipped(found.path)
    else:
        listener.unreadable(found.path, found.why)
    return False
