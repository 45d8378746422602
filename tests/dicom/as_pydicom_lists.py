"""A File-set as pydicom reads its DICOMDIR."""

from pathlib import Path
from typing import Any

from pydicom.fileset import FileSet


def file_set(dicomdir: Path) -> dict[str, Path]:
    """Its files by SOP Instance UID."""
    found: Any = FileSet(dicomdir)
    files = {str(each.SOPInstanceUID): Path(each.path) for each in found}
    found._stage["t"].cleanup()  # or it warns that nobody did
    return files
