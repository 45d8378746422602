"""Files and folders that hold patients' data outside the archive: for one user only, and durable.

As in the store: nobody else may read, whatever the umask says. All here blocks.
"""

import os
from pathlib import Path
from typing import BinaryIO

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def private_opener(path: str, flags: int) -> int:
    """For `open` and `FileIO`: a file that is made is readable for this user only.

    None is opened through a link that somebody put there.
    """
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)


def create_file(path: Path) -> BinaryIO:
    """Make a file to be written; OSError if it is there already, or cannot be made."""
    return open(path, "xb", opener=private_opener)


def make_folder(path: Path) -> None:
    """Make a folder, and what is missing above it; one that is there keeps its mode."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(FOLDER_MODE, exist_ok=True)


def give_to_owner_of(path: Path, descriptor: int) -> None:
    """Have an open file belong to whom `path` does: root may make it for the daemon's user."""
    if os.geteuid() == 0:
        owned = path.stat()
        os.fchown(descriptor, owned.st_uid, owned.st_gid)


def fsync_folder(folder: str | Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
