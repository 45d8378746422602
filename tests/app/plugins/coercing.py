"""A plugin that coerces as a test says, and what it needs around it."""

import shutil
import tempfile
from typing import BinaryIO

from pacsd.api.coercion import Coercion, NotCoerced
from pacsd.api.hooks import hookimpl
from pacsd.app.plugins.hop_guard import HopGuard
from pacsd.app.plugins.marked_copy import write_marked
from pacsd.testing.objects import dicom_file

GUARD = HopGuard(lambda: bytes(32))
"""That of an archive with this key."""


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


def marked(written: bytes, *marks: str) -> bytes:
    """What leaves of a copy: with these marks, or that of the coercion."""
    with tempfile.TemporaryFile() as copy, tempfile.TemporaryFile() as target:
        copy.write(written)
        copy.flush()
        write_marked(copy, target, marks or (GUARD.mark("research"),))
        target.seek(0)
        return target.read()
