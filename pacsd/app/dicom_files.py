"""DICOM files among others: what a file holds, from its first bytes; all files of some paths."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

from pacsd.app import file_set
from pacsd.dicom.dicomdir import MEDIA_STORAGE_DIRECTORY
from pacsd.dicom.errors import DicomError, Part10Error
from pacsd.dicom.headers import EXPLICIT_LITTLE
from pacsd.dicom.inflate import Inflater
from pacsd.dicom.part10 import (
    MAX_META_LENGTH_BYTES,
    PREAMBLE_LENGTH_BYTES,
    FileMeta,
    decode_file_meta,
    has_preamble,
)
from pacsd.dicom.registry import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
    transfer_syntax,
)
from pacsd.dicom.scan import Scan, scan
from pacsd.dicom.tag import Tag
from pacsd.dicom.uid import decode_uid, is_acceptable_uid

SOP_CLASS_UID = 0x00080016
SOP_INSTANCE_UID = 0x00080018

_FIRST_BYTES = 8192
"""Read of every file: File Meta Information and the first elements of the data set."""

_MOST_BYTES = PREAMBLE_LENGTH_BYTES + MAX_META_LENGTH_BYTES + _FIRST_BYTES


@dataclass(frozen=True, slots=True)
class DicomFile:
    """A file with an instance: where its data set begins, and whether that has even length."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set_offset: int
    is_even: bool = True


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that holds no instance, as many do that lie beside DICOM files."""

    path: Path


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What might be, or is said to be, a DICOM file, and why it cannot be read as one."""

    path: Path
    why: str


Found: TypeAlias = DicomFile | Skipped | Unreadable


def find(paths: Iterable[Path]) -> Iterator[Found]:
    """Every file of these files and folders, and of folders in them, in the order of names.

    Of a DICOMDIR named itself, the files it refers to; one in a folder is passed over, since its
    files are found there. Links to folders within folders are not followed.
    """
    for path in paths:
        if path.is_dir():
            yield from _in_folder(path)
            continue
        found = examine(path)
        if isinstance(found, DicomFile) and _is_directory(found):
            yield from _in_file_set(found)
        else:
            yield found


def examine(path: Path) -> Found:
    """What a file holds.

    The data set's own SOP Instance UID counts, if it has one: File Meta Information is often
    wrong where somebody has changed the data set.
    """
    try:
        with path.open("rb") as file:
            first = file.read(_FIRST_BYTES)
            size = os.fstat(file.fileno()).st_size
            if not has_preamble(first):
                return _without_meta(path, first, size)
            try:
                meta, offset = decode_file_meta(first)
            except Part10Error:
                first += file.read(_MOST_BYTES - len(first))
                meta, offset = decode_file_meta(first)
    except OSError as error:
        return Unreadable(path, error.strerror or str(error))
    except DicomError as error:
        return Unreadable(path, str(error))
    return _with_meta(path, meta, offset, first[offset:], size)


def count_files(paths: Iterable[Path]) -> int:
    """How many files `find` comes across, a DICOMDIR taken for one."""
    folders = (path for path in paths if path.is_dir())
    inside = sum(len(names) for folder in folders for _, _, names in os.walk(folder))
    return inside + sum(not path.is_dir() for path in paths)


def _in_folder(folder: Path) -> Iterator[Found]:
    failures: list[OSError] = []
    for where, folders, names in os.walk(folder, onerror=failures.append):
        folders.sort()
        for name in sorted(names):
            path = Path(where, name)
            found = examine(path) if path.is_file() else Skipped(path)
            is_directory = isinstance(found, DicomFile) and _is_directory(found)
            yield Skipped(path) if is_directory else found
    for error in failures:
        yield Unreadable(Path(str(error.filename)), error.strerror or str(error))


def _in_file_set(directory: DicomFile) -> Iterator[Found]:
    syntax = transfer_syntax(directory.transfer_syntax_uid)
    try:
        for reference in file_set.references(directory.path, directory.data_set_offset, syntax):
            if reference.why:
                yield Unreadable(reference.path, reference.why)
            else:
                yield examine(reference.path)
    except OSError as error:
        yield Unreadable(directory.path, error.strerror or str(error))
    except DicomError as error:
        yield Unreadable(directory.path, str(error))


def _is_directory(file: DicomFile) -> bool:
    return file.sop_class_uid == MEDIA_STORAGE_DIRECTORY


def _with_meta(path: Path, meta: FileMeta, offset: int, first: bytes, size: int) -> Found:
    syntax_uid = meta.transfer_syntax_uid
    if meta.media_storage_sop_class_uid == MEDIA_STORAGE_DIRECTORY:
        return DicomFile(path, MEDIA_STORAGE_DIRECTORY, "", syntax_uid, offset)
    beginning = _Beginning.read(first, transfer_syntax(syntax_uid))
    sop_class_uid = beginning.uid(SOP_CLASS_UID) or meta.media_storage_sop_class_uid
    sop_instance_uid = beginning.uid(SOP_INSTANCE_UID) or meta.media_storage_sop_instance_uid
    for name, uid in (("SOP Class", sop_class_uid), ("SOP Instance", sop_instance_uid)):
        if not is_acceptable_uid(uid):
            return Unreadable(path, f"no {name} UID (PS3.3 section C.12.1)")
    syntax_uid = syntax_uid or beginning.syntax_uid
    is_even = (size - offset) % 2 == 0
    return DicomFile(path, sop_class_uid, sop_instance_uid, syntax_uid, offset, is_even)


def _without_meta(path: Path, first: bytes, size: int) -> Found:
    """A data set without File Meta Information, if both its UIDs are there; else no DICOM."""
    beginning = _Beginning.read(first, None)
    sop_class_uid = beginning.uid(SOP_CLASS_UID)
    sop_instance_uid = beginning.uid(SOP_INSTANCE_UID)
    if not (sop_class_uid and sop_instance_uid):
        return Skipped(path)
    syntax_uid, is_even = beginning.syntax_uid, size % 2 == 0
    return DicomFile(path, sop_class_uid, sop_instance_uid, syntax_uid, 0, is_even)


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The first bytes of a data set, inflated, and what was found in them if anything could be."""

    data: bytes
    found: Scan | None

    @classmethod
    def read(cls, data: bytes, syntax: TransferSyntax | None) -> Self:
        """Look at as much as can be read; how an unknown syntax writes headers, they show."""
        assumed = syntax or transfer_syntax(IMPLICIT_VR_LITTLE_ENDIAN)
        wanted = {SOP_CLASS_UID, SOP_INSTANCE_UID}
        if assumed is None:
            return cls(data, None)
        try:
            if assumed.is_deflated:
                data = Inflater(_FIRST_BYTES, is_prefix=True).inflate(data)
            stop = SOP_INSTANCE_UID + 1
            found = scan(data, assumed, stop_before=stop, wanted=wanted, is_whole=False)
        except DicomError:
            return cls(data, None)
        return cls(data, found)

    def uid(self, tag: Tag) -> str:
        """The UID of this element, '' where there is none."""
        value = self.found.value(self.data, tag) if self.found else None
        uid = decode_uid(value or b"")
        return uid if is_acceptable_uid(uid) else ""

    @property
    def syntax_uid(self) -> str:
        """The Transfer Syntax, where nobody says it."""
        is_explicit = self.found is not None and self.found.layout is EXPLICIT_LITTLE
        return EXPLICIT_VR_LITTLE_ENDIAN if is_explicit else IMPLICIT_VR_LITTLE_ENDIAN
