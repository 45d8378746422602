"""What a plugin may ask about the instances of the archive, and how it adds one.

Files and their sizes are those of the store; with what was corrected since, an instance is told by
`header` alone. Instances that are held or deleted are not told of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from pacsd.api.host import HostError

MAX_PAGE_INSTANCES = 1_000
MAX_READ_BYTES = 4 * 1024 * 1024
MAX_HEADER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """An instance as it is stored: what it is, of which series and study, how long its file is."""

    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    study_instance_uid: str
    transfer_syntax_uid: str
    size_bytes: int


class Instances(Protocol):
    """The instances of the archive. All calls raise HostError when index or store fail."""

    async def of_study(
        self, study_uid: str, series_uid: str = "", after: str = "", /
    ) -> Sequence[InstanceFacts]:
        """At most 1,000 instances of a study, or of one of its series, by their UIDs.

        The next ones are those `after` the SOP Instance UID of the last one.
        """

    async def header(self, sop_uid: str, /) -> bytes:
        """All attributes but bulk data in the DICOM JSON Model (PS3.18 annex F), as corrected.

        Bulk data are named by URIs below `bulkdata/`.

        Raises:
            HostError: there is no such instance, or it cannot be read.
        """

    async def read(self, sop_uid: str, offset: int, length: int, /) -> bytes:
        """Bytes of its file (PS3.10) as it is stored, 4 MiB at most; fewer only at its end.

        Raises:
            HostError: there is no such instance, or it cannot be read.
        """

    async def open(self, sop_uid: str, /) -> BinaryIO:
        """Its file (PS3.10) as it is stored, to be read from anywhere, and to be closed.

        It stays readable, whatever becomes of the instance. Reading blocks: of more than a header
        do it in a thread.

        Raises:
            HostError: there is no such instance, it cannot be read, or there is no space for a
                copy, which it takes where the store has no files.
        """

    async def add(self, file: BinaryIO, /) -> str:
        """Take in a file (PS3.10), read from its beginning; its SOP Instance UID.

        It comes in as any other object does, with the plugin named as where it came from, and is
        durable once this returns. What is here already is not taken in again. The file must be one
        on disk or in memory, and stays open.

        Raises:
            HostError: it is no such file, or was refused, with the status and why.
        """


class _NoInstances:
    """Has none: what a Host has that no daemon made."""

    async def of_study(
        self, _study_uid: str, _series_uid: str = "", _after: str = "", /
    ) -> Sequence[InstanceFacts]:
        raise _no_daemon()

    async def header(self, _sop_uid: str, /) -> bytes:
        raise _no_daemon()

    async def read(self, _sop_uid: str, _offset: int, _length: int, /) -> bytes:
        raise _no_daemon()

    async def open(self, _sop_uid: str, /) -> BinaryIO:
        raise _no_daemon()

    async def add(self, _file: BinaryIO, /) -> str:
        raise _no_daemon()


NO_INSTANCES = _NoInstances()
"""Instances without a daemon: each call raises HostError."""


def _no_daemon() -> HostError:
    return HostError("there is no daemon that keeps anything")
