"""File IDs of a File-set: DICOM/PT000001/ST000001/SE000001/IM000001 (PS3.10 section 8.2).

Nothing of what an instance says is in them, so that no name of a patient becomes one of a file.
"""

from collections import Counter
from collections.abc import Hashable

from pacsd.dicom.dicomdir import FileID
from pacsd.dicom.directory_records import record_type_of
from pacsd.dicom.errors import FileSetError

MAX_NUMBER = 999_999
"""Behind two letters, so that a component has 8 characters."""

ROOT: FileID = ("DICOM",)
_PREFIX_LENGTH = 2
_WITHOUT_RECORD = "XX"


class FileIDs:
    """Gives each instance its File ID, in a folder of its series, study and patient."""

    def __init__(self) -> None:
        self._folders: dict[tuple[FileID, Hashable], FileID] = {}
        self._counts: Counter[tuple[FileID, str]] = Counter()

    def file_id(
        self, sop_class_uid: str, *, series: Hashable, study: Hashable, patient: Hashable
    ) -> FileID:
        """The File ID of an instance, which is asked for once.

        What tells its series, study and patient from others may be anything.

        Raises:
            FileSetError: more than a million in one folder.
        """
        folder = self._folder(ROOT, "PT", patient)
        folder = self._folder(folder, "ST", study)
        folder = self._folder(folder, "SE", series)
        return self._next(folder, _prefix(sop_class_uid))

    def _folder(self, parent: FileID, prefix: str, key: Hashable) -> FileID:
        known = self._folders.get((parent, key))
        if known is None:
            known = self._folders[parent, key] = self._next(parent, prefix)
        return known

    def _next(self, parent: FileID, prefix: str) -> FileID:
        self._counts[parent, prefix] += 1
        number = self._counts[parent, prefix]
        if number > MAX_NUMBER:
            raise FileSetError(f"more than {MAX_NUMBER} names in a folder (PS3.10 section 8.2)")
        return (*parent, f"{prefix}{number:06}")


def _prefix(sop_class_uid: str) -> str:
    kind = record_type_of(sop_class_uid)
    return kind.term[:_PREFIX_LENGTH] if kind is not None else _WITHOUT_RECORD
