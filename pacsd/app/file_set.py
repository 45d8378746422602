"""The files of a File-set, by its DICOMDIR (PS3.10 section 8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pacsd.dicom.dicomdir import MAX_DICOMDIR_BYTES, FileID, referenced_files
from pacsd.dicom.errors import Part10Error
from pacsd.dicom.registry import TransferSyntax


@dataclass(frozen=True, slots=True)
class Reference:
    """A file that a directory record refers to; `why` it cannot be used, '' if it can."""

    path: Path
    why: str = ""


def references(
    dicomdir: Path, data_set_offset: int, syntax: TransferSyntax | None
) -> Iterator[Reference]:
    """What the records of a DICOMDIR in use refer to, each file within the DICOMDIR's folder.

    Raises:
        OSError, DicomError: it cannot be read.
    """
    if syntax is None:
        raise Part10Error("a DICOMDIR in an unknown Transfer Syntax (PS3.10 section 8.6)")
    if dicomdir.stat().st_size > MAX_DICOMDIR_BYTES:
        raise Part10Error(f"a DICOMDIR of more than {MAX_DICOMDIR_BYTES} bytes")
    folder = dicomdir.parent
    root = folder.resolve()
    with memoryview(dicomdir.read_bytes()) as data:
        for file_id in referenced_files(data[data_set_offset:], syntax):
            yield _resolve(folder, root, file_id)


def _resolve(folder: Path, root: Path, file_id: FileID) -> Reference:
    path = folder
    for name in file_id:
        if name in {"", ".", ".."} or "/" in name or "\0" in name:
            return Reference(folder, f"reference {file_id} is no File ID (PS3.10 section 8.2)")
        path = _entry(path, name)
    if not path.resolve().is_relative_to(root):
        return Reference(path, "referred to, but outside the DICOMDIR's folder")
    if not path.is_file():
        return Reference(path, "referred to by the DICOMDIR, but not there")
    return Reference(path)


def _entry(folder: Path, name: str) -> Path:
    """A file or folder of this name; of ISO 9660 media many systems show the names in lower case.

    The File ID's own characters are capitals (PS3.10 section 8.5).
    """
    path = folder / name
    lower = folder / name.lower()
    return lower if not path.exists() and lower.exists() else path
