"""The DICOMDIR of an exported folder, made from its files (PS3.10 section 8.6). All here blocks."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import file_digest
from pathlib import Path
from uuid import uuid4

import orjson

from pacsd.app.export_folder import MANIFEST, SUMS, sum_line
from pacsd.app.private_files import create_file, fsync_folder, give_to_owner_of
from pacsd.dicom.data_set import DataSet, read_data_set
from pacsd.dicom.dicomdir import MAX_DICOMDIR_BYTES
from pacsd.dicom.dicomdir_writer import ReferencedFile
from pacsd.dicom.directory_maker import DirectoryMaker, last_tag
from pacsd.dicom.directory_records import RecordType
from pacsd.dicom.errors import ScanError
from pacsd.dicom.header_stream import HeaderStream, known_syntax
from pacsd.dicom.part10 import MAX_META_LENGTH_BYTES, decode_file_meta
from pacsd.dicom.stored_header import header_syntax
from pacsd.dicom.uid import uid_from_int

DICOMDIR = "DICOMDIR"
MAX_NAMED = 1_000
"""So many files without a record are named; all are counted."""

_PART = "DICOMDIR.part"
_PIECE_BYTES = 64 * 1024
_FIRST_BYTES = 2 * MAX_META_LENGTH_BYTES

Advance = Callable[[int, int], None]
"""So many files of so many are looked at."""


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
        FileSetError: there are too many files.
    """
    maker = _Maker(folder)
    files = _files(folder)
    for number, file in enumerate(files):
        advance(number, len(files))
        maker.add(file)
    advance(len(files), len(files))
    _write(folder, maker.directory)
    _add_sums(folder)
    maker.report.made_up = dict(maker.directory.keys.made_up)
    return maker.report


class _Maker:
    """Makes records of the files of a folder, and counts those that have none."""

    def __init__(self, folder: Path) -> None:
        self.directory = DirectoryMaker(MAX_DICOMDIR_BYTES)
        self.report = DirectoryReport()
        self._folder = folder

    def add(self, file: ReferencedFile) -> None:
        """Its record; FileSetError: there are too many."""
        path = self._folder.joinpath(*file.file_id)
        why = self.directory.add(file, partial(_header, path))
        if why:
            self._leave_out(file, why)
        else:
            self.report.records += 1

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


def _header(path: Path, kinds: Sequence[RecordType]) -> DataSet:
    """As much of the header as records of these types have keys of; DicomError if it has none."""
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
    return read_data_set(header.raw, header_syntax(header.layout), stop_before=last_tag(kinds) + 1)


def _write(folder: Path, directory: DirectoryMaker) -> None:
    part = folder / _PART
    try:
        with create_file(part) as file:
            give_to_owner_of(folder / MANIFEST, file.fileno())
            file.writelines(_encoded(directory))
            file.flush()
            os.fsync(file.fileno())
        part.rename(folder / DICOMDIR)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _encoded(directory: DirectoryMaker) -> Iterator[bytes]:
    return directory.encoded(uid_from_int(uuid4().int))


def _add_sums(folder: Path) -> None:
    """What is made last is to be checked as well."""
    with (folder / SUMS).open("ab") as sums:
        for name in (MANIFEST, DICOMDIR):
            with (folder / name).open("rb") as file:
                sums.write(sum_line(file_digest(file, "sha256").hexdigest(), name))
        sums.flush()
        os.fsync(sums.fileno())
    fsync_folder(folder)
