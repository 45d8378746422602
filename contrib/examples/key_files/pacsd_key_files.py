"""Keys are files FOLDER/NAME/KEY_ID: of each name the last one in their order is the key."""

import os
import re
import stat
from pathlib import Path

from pacsd.api.hooks import hookimpl
from pacsd.api.keys import MAX_SECRET_BYTES, Key, KeyRefused
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


class KeyFilesSettings(Settings):
    """Where keys are."""

    folder: Path
    """The folder of folders, all of them and the files our own, and nobody else's to read."""


class KeyFiles(Plugin[KeyFilesSettings]):
    """Provides the keys of a folder; to exchange one, add a file: 2026-02 after 2026-01."""

    settings_class = KeyFilesSettings

    def check(self) -> list[str]:
        """Say which of all files are no keys."""
        if not self.settings.folder.is_dir():
            return [f"folder: {self.settings.folder} is no folder"]
        return [why for each in sorted(self.settings.folder.glob("*/*")) if (why := fault(each))]

    @hookimpl
    def pacsd_key(self, name: str) -> Key | None:
        """Read in a thread; what stands in the name of a key is part of a path."""
        folder = self.settings.folder / name
        if not NAME.fullmatch(name) or not folder.is_dir():
            return None
        file = max(folder.iterdir(), default=folder)
        why = fault(file)
        if why:
            raise KeyRefused(why)
        return Key(file.name, file.read_bytes())


def fault(path: Path) -> str:
    """Why a file is no key, '' if it is one."""
    found, folder = path.lstat(), path.parent.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        return f"{path}: is no file of our own"
    if found.st_mode & 0o177 or folder.st_mode & 0o022:
        return f"{path}: is not ours alone: chmod 600, and 700 for its folder"
    return "" if 0 < found.st_size <= MAX_SECRET_BYTES else f"{path}: is empty, or too long"
