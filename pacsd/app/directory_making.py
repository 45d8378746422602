"""The DICOMDIR of an exported folder, made from its files (PS3.10 section 8.6). All here blocks."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from uuid import uuid4

import orjson

from pacsd.app.export_folder import MANIFEST, SUMS, sum_line
from pacsd.app.file_set import MAX_DICOMDIR_BYTES
from pacsd.app.private_files import create_file, fsync_folder, give_to_owner_of
from pacsd.dicom.data_set import DataSet, read_data_set
from pacsd.dicom.dicomdir import FileID
from pacsd.dicom.dicomdir_writer import (
    DirectoryRecord,
    ReferencedFile,
    directory_record,
    encode_dicomdir,
)
from pacsd.dicom.directory_keys import KeyWriter
from pacsd.dicom.directory_records import (
    PATIENT,
    SERIES,
    STUDY,
    RecordType,
    record_type,
    record_type_of,
)
from pacsd.dicom.errors import DicomError, ScanError
from pacsd.dicom.header_stream import HeaderStream, known_syntax
from pacsd.dicom.part10 import MAX_META_LENGTH_BYTES, decode_file_meta
from pacsd.dicom.registry import uid_name
from pacsd.dicom.stored_header import header_syntax
from pacsd.dicom.uid import uid_from_int

DICOMDIR = "DICOMDIR"
MAX_NAMED = 1_000
"""So many files without a record are named; all are counted."""

_PART = "DICOMDIR.part"
_PIECE_BYTES = 64 * 1024
_FIRST_BYTES = 2 * MAX_META_LENGTH_BYTES
_UPPER = (PATIENT, STUDY, SERIES)

Advance = Callable[[int, int], None]
"""So many files of so many are looked at."""


class DirectoryTooLong(Exception):
    """It would be longer than many a reader takes."""


@dataclass(frozen=True, slots=True)
class FileWithoutRecord:
    """A file of the folder that the DICOMDIR does not refer to, and why."""

    file: str
    why: str


@dataclass(slots=True)
class DirectoryReport:
    """What became of the files: `records` refer to one each; `made_up` counts keys by keyword."""

    records: int = 0
    without_record: int = 0
    files_without_record: list[FileWithoutRecord] = field(default_factory=list)
    made_up: dict[str, int] = field(default_factory=dict)


def make_directory(folder: Path, advance: Advance) -> DirectoryReport:
    """Write the DICOMDIR of a folder by its manifest, and its line among the sums.

    Raises:
        OSError: the folder cannot be read, or takes no more.
        DirectoryTooLong: there are too many files.
    """
    maker = _Maker(folder)
    files = _files(folder)
    for number, file in enumerate(files):
        advance(number, len(files))
        maker.add(file)
    advance(len(files), len(files))
    _write(folder, maker.records)
    _add_sums(folder)
    maker.report.made_up = dict(maker.keys.made_up)
    return maker.report


class _Maker:
    """Makes records of files that come in the order of the tree."""

    def __init__(self, folder: Path) -> None:
        self.keys = KeyWriter()
        self.records: list[DirectoryRecord] = []
        self.report = DirectoryReport()
        self._folder = folder
        self._branch: FileID = ()
        self._size_bytes = 0

    def add(self, file: ReferencedFile) -> None:
        """The record of a file, before it those that it is the first one of."""
        kind = record_type_of(file.sop_class_uid)
        if kind is None:
            name = uid_name(file.sop_class_uid) or file.sop_class_uid
            self._leave_out(file, f"no directory record for {name}")
            return
        branch = file.file_id[1:-1]
        known = _common(self._branch, branch)
        upper = [record_type(term) for term in _UPPER[known:]]
        try:
            header = _header(self._folder.joinpath(*file.file_id), [*upper, kind])
        except DicomError as error:
            self._leave_out(file, str(error))
            return
        for depth, each in enumerate(upper, known):
            written = self.keys.write(each, header, branch[depth])
            self._append(directory_record(depth, each.term, written))
        self._branch = branch
        keys = self.keys.write(kind, header, file.file_id[-1])
        self._append(directory_record(len(_UPPER), kind.term, keys, file))
        self.report.records += 1

    def _append(self, record: DirectoryRecord) -> None:
        self._size_bytes += record.item_bytes
        if self._size_bytes > MAX_DICOMDIR_BYTES:
            raise DirectoryTooLong(f"a DICOMDIR of more than {MAX_DICOMDIR_BYTES} bytes")
        self.records.append(record)

    def _leave_out(self, file: ReferencedFile, why: str) -> None:
        self.report.without_record += 1
        if len(self.report.files_without_record) < MAX_NAMED:
            left_out = FileWithoutRecord("/".join(file.file_id), why)
            self.report.files_without_record.append(left_out)


def _files(folder: Path) -> list[ReferencedFile]:
    """What the manifest names, in the order of the tree."""
    with (folder / MANIFEST).open("rb") as manifest:
        return sorted(map(_file, manifest), key=lambda file: file.file_id)


def _file(line: bytes) -> ReferencedFile:
    told = orjson.loads(line)
    return ReferencedFile(
        tuple(told["file"].split("/")),
        told["sop_class_uid"],
        told["sop_instance_uid"],
        told["transfer_syntax_uid"],
    )


def _common(one: FileID, two: FileID) -> int:
    """How many components at the beginning are the same."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((at for at, (first, second) in pairs if first != second), min(len(one), len(two)))


def _header(path: Path, kinds: list[RecordType]) -> DataSet:
    """As much of the header as records of these types have keys of; DicomError if it has none."""
    last = max((key.tag for kind in kinds for key in kind.keys), default=0)
    with path.open("rb") as file:
        meta, offset = decode_file_meta(file.read(_FIRST_BYTES))
        file.seek(offset)
        stream = HeaderStream(known_syntax(meta.transfer_syntax_uid))
        while not stream.is_over and (piece := file.read(_PIECE_BYTES)):
            stream.feed(piece)
    stream.end()
    header = stream.header()
    if header.is_broken:
        raise ScanError(header.fault)
    return read_data_set(header.raw, header_syntax(header.layout), stop_before=last + 1)


def _write(folder: Path, records: list[DirectoryRecord]) -> None:
    part = folder / _PART
    try:
        with create_file(part) as file:
            give_to_owner_of(folder / MANIFEST, file.fileno())
            file.writelines(_encoded(records))
            file.flush()
            os.fsync(file.fileno())
        part.rename(folder / DICOMDIR)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _encoded(records: list[DirectoryRecord]) -> Iterator[bytes]:
    return encode_dicomdir(records, uid_from_int(uuid4().int))


def _add_sums(folder: Path) -> None:
    """What is made last is to be checked as well."""
    with (folder / SUMS).open("ab") as sums:
        for name in (MANIFEST, DICOMDIR):
            with (folder / name).open("rb") as file:
                sums.write(sum_line(file_digest(file, "sha256").hexdigest(), name))
        sums.flush()
        os.fsync(sums.fileno())
    fsync_folder(folder)
