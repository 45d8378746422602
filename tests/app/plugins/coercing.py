"""A plugin that coerces as a test says, and what it needs around it."""

import shutil
from typing import BinaryIO

from pacsd.api.coercion import Coercion, NotCoerced
from pacsd.api.hooks import hookimpl
from pacsd.testing.objects import dicom_file


class Coercing:
    """Writes what it is told to, or what it is given; refuses some, fails at others."""

    def __init__(self, written: bytes | None = None, refused: bytes = b"REFUSED") -> None:
        self.written = written
        self.refused = refused
        self.failed = b"FAILED"
        self.given: list[bytes] = []

    @hookimpl
    async def pacsd_coercion(self, name: str) -> Coercion | None:
        return self if name == "research" else None

    async def coerce(self, source: BinaryIO, target: BinaryIO, /) -> None:
        data = source.read()
        self.given.append(data)
        if self.refused in data:
            raise NotCoerced("it is not wanted")
        if self.failed in data:
            raise OSError("no key now")
        source.seek(0)
        if self.written is None:
            shutil.copyfileobj(source, target)
        else:
            target.write(self.written)


def renamed(uid: str, **attributes: str) -> bytes:
    """A copy under other UIDs."""
    return dicom_file(
        {
            "SOPInstanceUID": uid,
            "StudyInstanceUID": "2.25.1",
            "SeriesInstanceUID": "2.25.2",
            "PatientName": "ANON",
            **attributes,
        }
    )
