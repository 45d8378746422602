"""Files without a name, for what plugins are to read or write: gone once nobody has them open."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


class NoRoom(OSError):
    """The disk is too full for another one."""


@dataclass(frozen=True, slots=True)
class CopyPlace:
    """Where they are made: `min_free_bytes` are left there. Everything here blocks."""

    folder: Path
    min_free_bytes: int = 0

    def new_file(self, size_bytes: int) -> BinaryIO:
        """An empty one, into which so much is to be written.

        Raises:
            NoRoom: there is not so much room.
            OSError: it cannot be made.
        """
        self.check_room(size_bytes)
        return tempfile.TemporaryFile(dir=self.folder)

    def check_room(self, size_bytes: int = 0) -> None:
        """See whether there is room for so much more.

        Raises:
            NoRoom: there is not.
        """
        found = os.statvfs(self.folder)
        if found.f_bavail * found.f_frsize - size_bytes < self.min_free_bytes:
            raise NoRoom("the disk of data_dir is nearly full (store.min_free_bytes)")


def read_only(file: BinaryIO) -> BinaryIO:
    """The same file by a descriptor that cannot write, at its beginning."""
    file.flush()
    return Path(f"/proc/self/fd/{file.fileno()}").open("rb")
