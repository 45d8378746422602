"""DICOM files among others: what a file holds, from its first bytes; all files of some paths."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

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
from pacsd.dicom.uid import decode_uid, is_acceptable_uid

SOP_CLASS_UID = 0x00080016
SOP_INSTANCE_UID = 0x00080018

_FIRST_BYTES = 8192
"""Read of every file: File Meta Information and the first elements of the data set."""

_MOST_BYTES = PREAMBLE_LENGTH_BYTES + MAX_META_LENGTH_BYTES + _FIRST_BYTES


@dataclass(frozen=True, slots=True)
class DicomFile:
    """A file with an instance, and where its data set begins."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set_offset: int


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
            if not has_preamble(first):
                return _without_meta(path, first)
            try:
                meta, offset = decode_file_meta(first)
            except Part10Error:
                first += file.read(_MOST_BYTES - len(first))
                meta, offset = decode_file_meta(first)
    except OSError as error:
        return Unreadable(path, error.strerror or str(error))
    except DicomError as error:
        return Unreadable(path, str(error))
    return _with_meta(path, meta, offset, first[offset:])


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


def _with_meta(path: Path, meta: FileMeta, offset: int, first: bytes) -> Found:
    if meta.media_storage_sop_class_uid == MEDIA_STORAGE_DIRECTORY:
        return DicomFile(
            path, MEDIA_STORAGE_DIRECTORY, "", meta.transfer_syntax_uid, offset
        )  # its records, not an instance
    syntax_uid = meta.transfer_syntax_uid
    syntax = transfer_syntax(syntax_uid)
    beginning = _scan(first, syntax)
    if not syntax_uid:
        syntax_uid = _layout_uid(beginning[1])
    sop_class_uid = _uid(beginning, SOP_CLASS_UID) or meta.media_storage_sop_class_uid
    sop_instance_uid = _uid(beginning, SOP_INSTANCE_UID) or meta.media_storage_sop_instance_uid
    for name, uid in (("SOP Class", sop_class_uid), ("SOP Instance", sop_instance_uid)):
        if not is_acceptable_uid(uid):
            return Unreadable(path, f"no {name} UID (PS3.3 section C.12.1)")
    return DicomFile(path, sop_class_uid, sop_instance_uid, syntax_uid, offset)


def _without_meta(path: Path, first: bytes) -> Found:
    """A data set without File Meta Information, if both its UIDs are there; else no DICOM."""
    beginning = _scan(first, None)
    sop_class_uid, sop_instance_uid = (
        _uid(beginning, tag) for tag in (SOP_CLASS_UID, SOP_INSTANCE_UID)
    )
    if not (sop_class_uid and sop_instance_uid):
        return Skipped(path)
    return DicomFile(path, sop_class_uid, sop_instance_uid, _layout_uid(beginning[1]), 0)


def _scan(first: bytes, syntax: TransferSyntax | None) -> tuple[bytes, Scan | None]:
    """The first elements, as far as they can be read; an unknown syntax shows in their form."""
    assumed = syntax or transfer_syntax(IMPLICIT_VR_LITTLE_ENDIAN)
    try:
        if syntax is not None and syntax.is_deflated:
            first = Inflater(_FIRST_BYTES, is_prefix=True).inflate(first)
        found = assumed and scan(
            first,
            assumed,
            stop_before=SOP_INSTANCE_UID + 1,
            wanted={SOP_CLASS_UID, SOP_INSTANCE_UID},
            is_whole=False,
        )
    except DicomError:
        return first, None
    return first, found


def _uid(beginning: tuple[bytes, Scan | None], tag: int) -> str:
    first, found = beginning
    uid = decode_uid((found.value(first, tag) if found else None) or b"")
    return uid if is_acceptable_uid(uid) else ""


def _layout_uid(found: Scan | None) -> str:
    is_explicit = found is not None and found.layout is EXPLICIT_LITTLE
    return EXPLICIT_VR_LITTLE_ENDIAN if is_explicit else IMPLICIT_VR_LITTLE_ENDIAN
