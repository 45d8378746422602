"""The calls to the operating system by which the store changes anything. All of them block."""

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pacsd.api.store import Buffer

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700

# Never through a link somebody put there, never over a file, never into a child process.
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MAX_BUFFERS = 1024
_HAS_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})


class Disk:
    """The operating system's file calls; each raises OSError as it does."""

    def create(self, path: Path) -> int:
        """Create a file that only this user reads; its descriptor."""
        return os.open(path, _CREATE, FILE_MODE)

    def write(self, descriptor: int, buffers: Sequence[Buffer]) -> None:
        """Write all of the buffers, however many calls it takes."""
        left = [memoryview(buffer) for buffer in buffers if len(buffer)]
        while left:
            written = os.writev(descriptor, left[:_MAX_BUFFERS])
            while left and written >= len(left[0]):
                written -= len(left.pop(0))
            if written:
                left[0] = left[0][written:]

    def sync(self, descriptor: int) -> None:
        """Flush a file to its medium."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close a file; network file systems tell failed writes here."""
        os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its final name; raises FileExistsError when that is taken already."""
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in _HAS_NO_LINKS:
                raise
            _rename_unless_taken(source, target)
        else:
            # It has its name: one left in `stage` is removed at the next start.
            with suppress(OSError):
                source.unlink()

    def make_directories(self, path: Path) -> None:
        """Make a directory that only this user enters, and what is missing above it."""
        if not path.is_dir():
            self.make_directories(path.parent)
            path.mkdir(DIRECTORY_MODE, exist_ok=True)

    def sync_directory(self, path: Path) -> None:
        """Flush a directory, and so the names in it, to its medium."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Remove a file if it is there."""
        path.unlink(missing_ok=True)


def _rename_unless_taken(source: Path, target: Path) -> None:
    """Rename on a file system without links: we alone make names there, the root is locked."""
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    source.rename(target)
