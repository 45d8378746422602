"""The store's directory: whose it is, that it is the right one, and that we are alone in it.

A marker in the root names the format version and the store's identity; the identity is also kept
in the data directory. A root without its marker is a disk that is not mounted: the store refuses
to start instead of beginning an empty one in the mount point.
"""

import fcntl
import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from pacsd_store_fs.disk import FILE_MODE, Disk

FORMAT_VERSION = 1
MARKER = "pacsd-store.json"
LOCK = "lock"
STAGE = "stage"
OBJECTS = "objects"
STATE_LOG = "state.log"

_MAX_MARKER_BYTES = 4096
# What may lie in a root that is still to be taken: a new file system's own, a crash's remains.
_HARMLESS = frozenset({"lost+found", LOCK, f"{MARKER}.new"})


class RootError(Exception):
    """The root cannot be used; says which and why."""


@dataclass(frozen=True, slots=True)
class StoreRoot:
    """An opened root; nobody else opens it until `close`."""

    path: Path
    identity: str
    lock: int

    @property
    def stage(self) -> Path:
        """Where objects are written."""
        return self.path / STAGE

    @property
    def objects(self) -> Path:
        """Where committed objects lie."""
        return self.path / OBJECTS

    @property
    def state_log(self) -> Path:
        """Where it is written what was decided about objects later."""
        return self.path / STATE_LOG

    def close(self) -> None:
        """Let others open the root."""
        os.close(self.lock)


def problems(root: Path, identity_file: Path) -> list[str]:
    """Everything that keeps the root from being opened; touches nothing. Blocks.

    Root may look at the store of another user, `open_root` it may not.
    """
    try:
        _check_directory(root)
        if os.geteuid() != 0:
            _check_owner(root)
        _check_identity(root, identity_file)
    except (RootError, OSError) as error:
        return [str(error)]
    return []


def open_root(root: Path, identity_file: Path, disk: Disk) -> StoreRoot:
    """Make or check the root, lock it and remove what was never committed. Blocks.

    Raises:
        RootError: it is not the store it should be, or another process has it.
        OSError: it cannot be read or written.
    """
    _check_directory(root)
    _check_owner(root)
    _check_identity(root, identity_file)
    disk.make_directories(root)
    lock = _lock(root)
    try:
        identity = _take(root, identity_file, disk)
        opened = StoreRoot(root, identity, lock)
        _prepare(opened, disk)
    except BaseException:
        os.close(lock)
        raise
    return opened


def _take(root: Path, identity_file: Path, disk: Disk) -> str:
    """Mark the root, unless it is, and remember whose it is; its identity."""
    identity = _check_identity(root, identity_file)
    if not identity:
        identity = str(uuid.uuid4())
        _write_durably(root / MARKER, identity, disk)
        disk.sync_directory(root.parent)
    if not identity_file.exists():
        disk.make_directories(identity_file.parent)
        _write_durably(identity_file, identity, disk)
    return identity


def _prepare(opened: StoreRoot, disk: Disk) -> None:
    """Make the directories there always are, and empty the one of staged objects."""
    disk.make_directories(opened.objects)
    disk.make_directories(opened.stage)
    disk.sync_directory(opened.path)
    for stale in opened.stage.iterdir():
        disk.remove(stale)


def _check_directory(root: Path) -> None:
    real = root.resolve()
    if real == Path(real.anchor):
        raise RootError(f"{root}: a whole file system is no place for a store")
    if real.exists() and not real.is_dir():
        raise RootError(f"{root}: not a directory")


def _check_owner(root: Path) -> None:
    owner = root.stat().st_uid if root.exists() else os.geteuid()
    if owner != os.geteuid():
        raise RootError(f"{root}: belongs to user {owner}, but we run as user {os.geteuid()}")


def _check_identity(root: Path, identity_file: Path) -> str:
    """The identity the root has, '' for a root that is still to be made."""
    known = _read_identity(identity_file)
    found = _read_identity(root / MARKER)
    if known and not found:
        raise RootError(f"{root}: has no {MARKER}, but held store {known}: is its disk mounted?")
    if known and known != found:
        raise RootError(f"{root}: holds store {found}, but {identity_file} names store {known}")
    if not found and root.exists():
        names = {entry.name for entry in root.iterdir()} - _HARMLESS
        if names:
            raise RootError(f"{root}: neither empty nor a store ('{min(names)}' is in it)")
    return found


def _read_identity(path: Path) -> str:
    """The store a marker names, '' when there is no marker."""
    try:
        with path.open("rb") as file:
            marker = json.loads(file.read(_MAX_MARKER_BYTES))
        version, identity = int(marker["format"]), str(marker["store"])
    except FileNotFoundError:
        return ""
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RootError(f"{path}: not a store's marker") from None
    if version != FORMAT_VERSION:
        raise RootError(f"{path}: format {version}, but this version knows {FORMAT_VERSION} only")
    return identity


def _write_durably(path: Path, identity: str, disk: Disk) -> None:
    marker = json.dumps({"format": FORMAT_VERSION, "store": identity})
    fresh = path.with_name(f"{path.name}.new")
    disk.remove(fresh)
    descriptor = disk.create(fresh)
    try:
        disk.write(descriptor, (f"{marker}\n".encode(),))
        disk.sync(descriptor)
    finally:
        disk.close(descriptor)
    disk.rename(fresh, path)
    disk.sync_directory(path.parent)


def _lock(root: Path) -> int:
    """Lock the root for as long as the descriptor is open."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(root / LOCK, flags, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise RootError(f"{root}: another process uses this store") from None
    return descriptor
