"""Files sent to a peer over DIMSE."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from pacsd.app.dicom_files import DicomFile, find
from pacsd.app.sendable_files import Listener, SendableFiles
from pacsd.net.data_sets import read_file
from pacsd.net.delivery import Delivery, Terms
from pacsd.net.errors import AssociationError
from pacsd.net.scu import Destination
from pacsd.net.sending import Outbound


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


async def send_files(
    paths: Sequence[Path], destination: Destination, terms: Terms, listener: Listener
) -> None:
    """Send all instances in these files and folders; see `dicom_files.find`.

    Raises:
        AssociationError: no association can be had, or none that is of use; the rest was not
            tried, but the listener knows how many these are.
    """
    run = SendableFiles[OutboundFile](find(paths), OutboundFile.of, listener)
    delivery = Delivery[OutboundFile](destination, terms, run.sent)
    try:
        await delivery.run(run.groups())
    except AssociationError:
        await run.count_rest()
        raise
