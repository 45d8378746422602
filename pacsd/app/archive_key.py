"""A secret of this archive, random, made when it is first needed: 32 bytes beside the store.

With it the archive knows again what is its own, wherever that has been meanwhile.
"""

import os
import secrets
from pathlib import Path

from pacsd.app.private_files import create_file, fsync_folder

FILE_NAME = "archive.key"
KEY_BYTES = 32


class ArchiveKeyError(OSError):
    """The file is there, and holds no key; the text names it."""


def archive_key(data_dir: Path) -> bytes:
    """The key of the archive in a data directory, which is locked by us. Blocks.

    Raises:
        ArchiveKeyError: what is in its file is none.
        OSError: it cannot be read or made.
    """
    path = data_dir / FILE_NAME
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return _made(path)
    if len(key) != KEY_BYTES:
        rule = f"must hold {KEY_BYTES} bytes: take it from a backup, or remove it for a new one"
        raise ArchiveKeyError(f"{path}: {len(key)} bytes: {rule}")
    return key


def _made(path: Path) -> bytes:
    """Under another name first: half a key is never found under its own."""
    beginning = path.with_name(f"{FILE_NAME}.part")
    beginning.unlink(missing_ok=True)
    key = secrets.token_bytes(KEY_BYTES)
    with create_file(beginning) as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    beginning.rename(path)
    fsync_folder(path.parent)
    return key
