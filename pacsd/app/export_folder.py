"""The folder of an export: DICOM files, a line for each in a manifest, digests of whole files.

A file comes into being whole, under its name, or not at all; then its two lines. All here blocks.
"""

import os
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import FileIO
from pathlib import Path
from pwd import getpwuid
from threading import Lock
from typing import BinaryIO

import orjson

from pacsd.app.private_files import (
    FOLDER_MODE,
    create_file,
    fsync_folder,
    make_folder,
    private_opener,
)
from pacsd.dicom.dicomdir import FileID
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.part10 import FileMeta, encode_file_meta

MANIFEST = "manifest.jsonl"
SUMS = "SHA256SUMS"
DAMAGED = "damaged: its digest is another than when it was stored"
_PART = ".part"
_HINT = " (a daemon under systemd does not see /home, /root and /tmp)"


class FolderError(Exception):
    """Nothing can be exported into a folder; the text says why."""


class AnotherDataSet(Exception):
    """What was read is not what was stored."""


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """What a file of the folder holds; `sha256` digests the data set alone, as it is there.

    It `is_corrected` if that is another one than was stored.
    """

    file: str
    sop_instance_uid: str
    sop_class_uid: str
    study_instance_uid: str
    transfer_syntax_uid: str
    data_set_bytes: int
    sha256: str
    is_corrected: bool


def sum_line(digest: str, name: str) -> bytes:
    """A line that `sha256sum --check` reads."""
    return f"{digest}  {name}\n".encode()


class ExportFolder:
    """Where files are exported to, for one user only; for any number of threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._manifest = _Lines(path / MANIFEST)
        self._sums = _Lines(path / SUMS)

    def check(self) -> None:
        """See to it that it is empty, or can be made.

        Raises:
            FolderError: neither.
        """
        try:
            is_there = self.path.exists()
            if is_there and any(self.path.iterdir()):
                raise FolderError(f"{self.path}: is not empty")
            _check_writable(self.path if is_there else self.path.parent)
        except OSError as error:
            raise FolderError(f"{self.path}: {error.strerror}{_HINT}") from None

    def open(self) -> None:
        """Make it, with a manifest of nothing; FolderError if that cannot be done."""
        try:
            self.path.mkdir(FOLDER_MODE, exist_ok=True)
            self._manifest.open()
            self._sums.open()
        except OSError as error:
            raise FolderError(f"{self.path}: {error.strerror}{_HINT}") from None

    def add(self, line: ManifestLine, file_digest: str) -> None:
        """A file is there; OSError if that cannot be written down."""
        with self._lock:
            self._sums.append(sum_line(file_digest, line.file))
            try:
                self._manifest.append(orjson.dumps(asdict(line)) + b"\n")
            except OSError:
                self._sums.undo()
                raise

    def close(self) -> None:
        """Make durable what is there."""
        with ExitStack() as closing:
            closing.callback(self._manifest.close)
            closing.callback(self._sums.close)
        for folder, _, _ in os.walk(self.path):
            fsync_folder(folder)


class ExportedFile:
    """One file: `write` its data set, then `keep` or `discard` it."""

    def __init__(
        self, folder: ExportFolder, file_id: FileID, study_instance_uid: str, meta: FileMeta
    ) -> None:
        self._folder = folder
        self._name = "/".join(file_id)
        self._path = folder.path.joinpath(*file_id)
        self._part = self._path.with_suffix(_PART)
        self._study_instance_uid = study_instance_uid
        self._meta = meta
        self._file: BinaryIO | None = None
        self._data_set_bytes = 0
        self._data_set_digest = sha256()
        self._file_digest = sha256()

    def write(self, piece: bytes) -> None:
        """Write on; the first call makes the file. OSError if it cannot be written."""
        if self._file is None:
            make_folder(self._path.parent)
            self._file = create_file(self._part)
            head = encode_file_meta(self._meta)
            self._file.write(head)
            self._file_digest.update(head)
        self._file.write(piece)
        self._data_set_bytes += len(piece)
        self._data_set_digest.update(piece)
        self._file_digest.update(piece)

    def keep(self, stored_sha256: bytes, read_sha256: bytes | None = None) -> int:
        """Give it its name: the length of its data set.

        What is in it is durable then; its name is once the folder is closed.

        Args:
            stored_sha256: the digest of the data set when it was stored.
            read_sha256: that of what was read, if it was corrected on its way; else None.

        Raises:
            AnotherDataSet: what was read is not what was stored.
            OSError: it cannot be made durable.
        """
        written_sha256 = self._data_set_digest.digest()
        if self._file is None or stored_sha256 != (read_sha256 or written_sha256):
            raise AnotherDataSet(DAMAGED)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self._path)
        try:
            line = self._line(is_corrected=written_sha256 != stored_sha256)
            self._folder.add(line, self._file_digest.hexdigest())
        except OSError:
            self._path.unlink()
            raise
        return self._data_set_bytes

    def discard(self) -> None:
        """Remove what is half written."""
        if self._file is not None:
            with suppress(OSError):  # of what is still to be written, to a disk that is full
                self._file.close()
            self._part.unlink(missing_ok=True)

    def _line(self, *, is_corrected: bool) -> ManifestLine:
        return ManifestLine(
            file=self._name,
            sop_instance_uid=self._meta.media_storage_sop_instance_uid,
            sop_class_uid=self._meta.media_storage_sop_class_uid,
            study_instance_uid=self._study_instance_uid,
            transfer_syntax_uid=self._meta.transfer_syntax_uid,
            data_set_bytes=self._data_set_bytes,
            sha256=self._data_set_digest.hexdigest(),
            is_corrected=is_corrected,
        )


def meta_of(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> FileMeta:
    """File Meta Information, anew: how an instance came to us never leaves the house."""
    return FileMeta(
        media_storage_sop_class_uid=sop_class_uid,
        media_storage_sop_instance_uid=sop_instance_uid,
        transfer_syntax_uid=transfer_syntax_uid,
        implementation_class_uid=IMPLEMENTATION_CLASS_UID,
        implementation_version_name=IMPLEMENTATION_VERSION_NAME,
    )


class _Lines:
    """A file of lines, whole ones whatever happens."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None
        self._size_bytes = 0
        self._last_bytes = 0

    def open(self) -> None:
        """Make the file."""
        self._file = FileIO(self._path, "xb", opener=private_opener)

    def append(self, line: bytes) -> None:
        """Write a line at its end; OSError: it is not there."""
        if self._file is None:
            raise ValueError("not open")
        try:
            left = memoryview(line)
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            self._cut()
            raise
        self._last_bytes = len(line)
        self._size_bytes += len(line)

    def undo(self) -> None:
        """Take the last line back."""
        self._size_bytes -= self._last_bytes
        self._last_bytes = 0
        self._cut()

    def close(self) -> None:
        """Make it durable."""
        if self._file is not None:
            with self._file:
                os.fsync(self._file.fileno())

    def _cut(self) -> None:
        if self._file is not None:
            self._file.truncate(self._size_bytes)
            self._file.seek(self._size_bytes)


def _check_writable(folder: Path) -> None:
    folder.stat()
    if os.access(folder, os.W_OK | os.X_OK):
        return
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        raise FolderError(
            f"{folder}: is read-only (for a daemon under systemd everything is but its data "
            "directory; ReadWritePaths= adds to that)"
        )
    raise FolderError(f"{folder}: user {_own_name()}, who has to write there, may not")


def _own_name() -> str:
    """What the system calls us; in a container a user often has a number only."""
    uid = os.geteuid()
    try:
        return getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
