"""The directory records of a File-set, made of headers (PS3.3 section F.4)."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from pacsd.dicom.data_set import DataSet
from pacsd.dicom.dicomdir import FileID
from pacsd.dicom.dicomdir_writer import (
    DirectoryRecord,
    ReferencedFile,
    directory_record,
    encode_dicomdir,
)
from pacsd.dicom.directory_keys import KeyWriter, sources_of
from pacsd.dicom.directory_records import (
    PATIENT,
    SERIES,
    STUDY,
    RecordType,
    record_type,
    record_type_of,
)
from pacsd.dicom.errors import DicomError, FileSetError
from pacsd.dicom.registry import uid_name
from pacsd.dicom.tag import Tag

_UPPER = (PATIENT, STUDY, SERIES)

ReadHeader = Callable[[Sequence[RecordType]], DataSet]
"""As much of the header of an instance as records of these types have keys of; DicomError if it
cannot be read."""


@lru_cache(maxsize=512)
def wanted_of(sop_class_uid: str) -> frozenset[Tag]:
    """The attributes of which the records of an instance are made, and those above it."""
    kind = record_type_of(sop_class_uid)
    kinds = [*map(record_type, _UPPER), *([] if kind is None else [kind])]
    return frozenset().union(*map(sources_of, kinds))


def last_tag(kinds: Sequence[RecordType]) -> Tag:
    """The last attribute that records of these types have, 0 if they have none."""
    return max((key.tag for kind in kinds for key in kind.keys), default=0)


class DirectoryMaker:
    """Makes the records of files that come in the order of the tree: by File ID.

    What lies in the folder of a patient, study or series is taken to be of it. The DICOMDIR becomes
    little longer than `max_bytes`.
    """

    def __init__(self, max_bytes: int) -> None:
        self.keys = KeyWriter()
        self._max_bytes = max_bytes
        self._records: list[DirectoryRecord] = []
        self._branch: FileID = ()
        self._size_bytes = 0

    def add(self, file: ReferencedFile, read_header: ReadHeader) -> str:
        """Make the record of a file, before it those that it is the first one of.

        Returns why it has none, '' if it has one.

        Raises:
            FileSetError: the records become more than a DICOMDIR may hold.
        """
        kind = record_type_of(file.sop_class_uid)
        if kind is None:
            name = uid_name(file.sop_class_uid) or file.sop_class_uid
            return f"no directory record for {name}"
        branch = file.file_id[1:-1]
        known = _common(self._branch, branch)
        upper = [record_type(term) for term in _UPPER[known:]]
        try:
            header = read_header([*upper, kind])
        except DicomError as error:
            return str(error)
        for depth, each in enumerate(upper, known):
            written = self.keys.write(each, header, branch[depth])
            self._append(directory_record(depth, each.term, written))
        self._branch = branch
        keys = self.keys.write(kind, header, file.file_id[-1])
        self._append(directory_record(len(_UPPER), kind.term, keys, file))
        return ""

    def encoded(self, file_set_uid: str) -> Iterator[bytes]:
        """The DICOMDIR, in pieces (PS3.10 section 8.6)."""
        return encode_dicomdir(self._records, file_set_uid)

    def _append(self, record: DirectoryRecord) -> None:
        self._size_bytes += record.item_bytes
        if self._size_bytes > self._max_bytes:
            raise FileSetError(f"a DICOMDIR of more than {self._max_bytes} bytes")
        self._records.append(record)


def _common(one: FileID, two: FileID) -> int:
    """How many components at the beginning are the same."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((at for at, (first, second) in pairs if first != second), min(len(one), len(two)))
