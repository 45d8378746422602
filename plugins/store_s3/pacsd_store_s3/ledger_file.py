"""The ledger as a file: lines with a checksum, appended and flushed; made anew when it has grown.

Everything here blocks. What a crash cut short at the end is left out, and so is what follows a
damaged line: whoever reads the ledger takes what is missing for not uploaded.
"""

import os
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

FILE_MODE = 0o600
_CHECKSUM_DIGITS = 8
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class LedgerFile:
    """One file, and one next to it while it is made anew. One call at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def read(self) -> list[str] | None:
        """The lines that are whole, up to the first that is not; None when there is no file."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        lines: list[str] = []
        for raw in data.split(b"\n")[:-1]:
            line = _decoded(raw)
            if line is None:
                break
            lines.append(line)
        return lines

    def append(self, lines: Iterable[str], *, sync: bool) -> None:
        """Add lines; with `sync` they last once this returns.

        Raises:
            OSError: whether they are there is not known; write the file anew, do not append again.
        """
        if self._descriptor is None:
            self._descriptor = os.open(self._path, _APPEND)
        _write(self._descriptor, lines)
        if sync:
            os.fsync(self._descriptor)

    def replace(self, lines: Sequence[str]) -> None:
        """Make the file anew with these lines, all or nothing, durably; raises OSError."""
        self.close()
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, _CREATE, FILE_MODE)
        try:
            _write(descriptor, lines)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.rename(self._path)
        sync_directory(self._path.parent)

    def close(self) -> None:
        """Give the file back."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):  # what counts was flushed
                os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Flush a directory to its medium."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(descriptor: int, lines: Iterable[str]) -> None:
    data = memoryview(b"".join(map(_encoded, lines)))
    while data:
        data = data[os.write(descriptor, data) :]


def _encoded(line: str) -> bytes:
    raw = line.encode("ascii")
    return b"%08x %b\n" % (zlib.crc32(raw), raw)


def _decoded(raw: bytes) -> str | None:
    line = raw[_CHECKSUM_DIGITS + 1 :]
    if raw != b"%08x %b" % (zlib.crc32(line), line):
        return None
    return line.decode("ascii", errors="replace")
