"""The port BlobStore: where the bytes of stored objects lie, whatever keeps them.

A store never interprets what it keeps and never builds a name from it. All methods are called on
the event loop and must not block it. What fails raises StoreError; any other exception is a bug.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO, Protocol, TypeAlias, TypeGuard, runtime_checkable

from pacsd.api.errors import StoreError
from pacsd.api.state_log import StateLog

Buffer: TypeAlias = bytes | bytearray | memoryview


class Digest(Protocol):
    """A running digest, such as hashlib's."""

    def update(self, data: Buffer, /) -> None:
        """Take in more bytes."""


@dataclass(frozen=True, slots=True)
class StageRequest:
    """One object on its way in.

    `preface` stands before everything written and is not digested; `digest` is to be updated with
    every buffer written, once and in order, by the thread that has it in hand.
    """

    partition: int
    preface: bytes
    digest: Digest


@dataclass(frozen=True, slots=True)
class Location:
    """Where a committed object lies. `key` means something to its store only."""

    store: str
    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`length_bytes` bytes from `offset_bytes` on; all of them must lie inside the object."""

    offset_bytes: int
    length_bytes: int


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What a store knows about a committed object."""

    size_bytes: int
    modified_at_us: int


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """Some of the committed objects, by rising key; `next_cursor` is None on the last page."""

    locations: tuple[Location, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """How a store is doing; None where it has no such bound. `explanation` is '' when all is well.

    A store that is read-only takes nothing in but answers `read`, `stat` and `list`.
    """

    free_bytes: int | None
    free_inodes: int | None
    is_read_only: bool
    explanation: str


class Staged(Protocol):
    """An object being written, invisible until committed. Its calls never overlap."""

    async def write(self, buffers: Sequence[Buffer], /) -> None:
        """Append to the object; the buffers are used again by the caller once this returns.

        Raises:
            StoreError: the object can only be aborted now.
        """

    async def abort(self) -> None:
        """Remove every trace. Idempotent; does nothing after a commit; never raises."""


class BlobStore(Protocol):
    """Keeps immutable objects, and beside them the log of what was decided about them."""

    @property
    def state_log(self) -> StateLog:
        """The store's state log, always the same one."""

    async def stage(self, request: StageRequest, /) -> Staged:
        """Open a new object.

        Raises:
            StoreError: nothing can be taken in now.
        """

    async def commit(self, group: Sequence[Staged], /) -> Sequence[Location | StoreError]:
        """Make a group of this store's staged objects durable; one answer each, in their order.

        Whoever got a Location survives a power cut from now on. Whoever got a StoreError is gone
        as after `abort`, and one object never fails its group (a fault of what they share does).
        """

    def read(
        self, location: Location, ranges: Sequence[ByteRange] | None = None, /
    ) -> AsyncGenerator[bytes, None]:
        """Yield the ranges' bytes one after the other, or the whole object, in bounded pieces.

        Close it (`contextlib.aclosing`) when not read to its end. An object deleted meanwhile is
        read whole or fails.

        Raises:
            StoreError: no such object, a range outside of it, or its medium failed.
        """

    async def stat(self, location: Location, /) -> ObjectStat | None:
        """What is known about an object, None when there is none."""

    async def delete(self, location: Location, /) -> None:
        """Remove an object durably; nothing happens when it is gone already.

        Its key is never given to another object.

        Raises:
            StoreError: it may still be there.
        """

    async def list(self, cursor: str | None = None, /) -> ObjectPage:
        """A page of all committed objects after `cursor`, from the first one on without it."""

    async def status(self) -> StoreStatus:
        """How the store is doing now."""


@runtime_checkable
class ReadsTogether(Protocol):
    """What a BlobStore may be able to do besides: several small reads for the price of one."""

    async def read_together(
        self, wanted: Sequence[tuple[Location, ByteRange]], /
    ) -> Sequence[bytes | StoreError]:
        """The bytes of one range of each object, one answer each, in their order.

        Who asks sees to it that all of them may be in memory. What `read` would raise is an answer.
        """


def reads_together(store: BlobStore) -> TypeGuard[ReadsTogether]:
    """Whether a store can do that; its class says so, and is asked once."""
    return _reads_together(type(store))


@lru_cache
def _reads_together(kind: type[BlobStore]) -> bool:
    """In Python 3.11 a protocol is slow to tell, and this is asked of each frame."""
    return issubclass(kind, ReadsTogether)


@runtime_checkable
class OpensFiles(Protocol):
    """What a BlobStore may be able to do besides: its objects are files of this machine."""

    async def open_file(self, location: Location, /) -> BinaryIO:
        """An object's own file, opened to be read, by its descriptor if need be; to be closed.

        What is read stays the same, also when the object is deleted meanwhile.

        Raises:
            StoreError: no such object, or its medium failed.
        """


def opens_files(store: BlobStore) -> TypeGuard[OpensFiles]:
    """Whether a store can do that."""
    return isinstance(store, OpensFiles)


Stores: TypeAlias = Callable[[str], Awaitable[BlobStore]]
"""Gives a store by its name, the same one each time; raises HookError when there is none."""
