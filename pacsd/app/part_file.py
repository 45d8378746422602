"""A received DICOM file on its way into a folder: whole, under its name, or not there at all.

`FOLDER/STUDY/INSTANCE.dcm`, by their UIDs; without a Study Instance UID that is one, beside the
folders of studies. It replaces none, and nobody else may read it.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from pacsd.app.dicom_files import DicomFile, examine
from pacsd.app.private_files import create_file, fsync_folder, make_folder
from pacsd.dicom.uid import is_acceptable_uid

_CHUNK_BYTES = 1 << 20
_SUFFIX = ".dcm"


class AnotherObject(Exception):
    """A file of this name holds another object."""


class PartFile:
    """A file that gets its name when it is whole; `head` is what stands first in it. Blocks."""

    def __init__(self, folder: Path, sop_instance_uid: str, head: bytes) -> None:
        self.sop_instance_uid = sop_instance_uid
        self._folder = folder
        self._head = head
        self._path = folder / f".{uuid4().hex}.part"
        self._file: BinaryIO | None = None

    def write(self, parts: Iterable[bytes | memoryview]) -> None:
        """Write on; the first call makes the file."""
        if self._file is None:
            self._file = create_file(self._path)
            self._file.write(self._head)
        self._file.writelines(parts)

    def keep(self, study_instance_uid: str) -> bool:
        """Make it durable under its name; False if the same object is there already.

        Raises:
            OSError: it cannot be made so.
            AnotherObject: its name is taken.
        """
        self.write(())
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
        folder = self._folder
        if is_acceptable_uid(study_instance_uid):
            folder /= study_instance_uid
            make_folder(folder)
        target = folder / f"{self.sop_instance_uid}{_SUFFIX}"
        try:
            _rename_to_new(self._path, target)
        except FileExistsError:
            if _is_same(self._path, target):
                return False
            raise AnotherObject(f"{target.name} is there with other content") from None
        for each in dict.fromkeys((folder, self._folder)):
            fsync_folder(each)
        return True

    def discard(self) -> None:
        """Close it; if it has no name yet, remove it."""
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)


def _rename_to_new(path: Path, target: Path) -> None:
    """Rename a file, but never over another one."""
    try:
        target.hardlink_to(path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links: the name is taken first, then replaced.
        create_file(target).close()
        path.replace(target)
    else:
        path.unlink()


def _is_same(path: Path, other: Path) -> bool:
    """Whether two files hold the same data set in the same Transfer Syntax."""
    one, two = examine(path), examine(other)
    if not (isinstance(one, DicomFile) and isinstance(two, DicomFile)):
        return False
    if one.transfer_syntax_uid != two.transfer_syntax_uid:
        return False
    with path.open("rb") as first, other.open("rb") as second:
        first.seek(one.data_set_offset)
        second.seek(two.data_set_offset)
        while chunk := first.read(_CHUNK_BYTES):
            if chunk != second.read(_CHUNK_BYTES):
                return False
        return not second.read(1)
