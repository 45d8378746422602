"""A file system whose power can be cut: ext4 on a loop device, for root only."""

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_MIB = 256
EXT4_IOC_SHUTDOWN = 0x8004587D
WITHOUT_FLUSHING_THE_LOG = 2


class NoMedium(Exception):
    """A file system of one's own cannot be had here; the text says why."""


class Medium:
    """The file system; what was not flushed when its power is cut is gone at the next `mount`."""

    def __init__(self, folder: Path) -> None:
        self._image = folder / "ext4.img"
        self.path = folder / "mnt"
        self.path.mkdir()
        with self._image.open("wb") as file:
            file.truncate(SIZE_MIB * 1024 * 1024)
        _run("mkfs.ext4", "-q", str(self._image))

    def mount(self) -> None:
        """Switch it on: the journal is replayed."""
        _run("mount", "-o", "loop", str(self._image), str(self.path))

    def unmount(self) -> None:
        """Take it away; nothing may be open on it."""
        _run("umount", str(self.path))

    def cut_power(self) -> None:
        """From now on nothing reaches the disk, not even what the kernel holds."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            how = struct.pack("I", WITHOUT_FLUSHING_THE_LOG)
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, how)
        finally:
            os.close(descriptor)


@contextmanager
def medium() -> Iterator[Medium]:
    """A mounted medium of our own, gone afterwards.

    Raises:
        NoMedium: that needs root, ext4 and a loop device.
    """
    if os.geteuid() != 0 or not all(map(shutil.which, ("mkfs.ext4", "mount", "umount"))):
        raise NoMedium("a file system of one's own needs root and ext4")
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        made = Medium(Path(temporary))
        try:
            made.mount()
        except subprocess.CalledProcessError as error:
            raise NoMedium(f"no loop device: {error.stderr.decode().strip()}") from error
        try:
            yield made
        finally:
            made.unmount()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
