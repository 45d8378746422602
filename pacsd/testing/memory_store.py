"""MemoryStore: a BlobStore in memory, for tests of whoever uses a store."""

from collections.abc import AsyncGenerator, Sequence

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.state_log import check_record
from pacsd.api.store import (
    Buffer,
    ByteRange,
    Location,
    ObjectPage,
    ObjectStat,
    Staged,
    StageRequest,
    StoreStatus,
)

PAGE_OBJECTS = 3


class MemoryStage:
    """A staged object."""

    def __init__(self, store: "MemoryStore", request: StageRequest) -> None:
        self.content = bytearray(request.preface)
        self.is_over = False
        self._store = store
        self._digest = request.digest

    async def write(self, buffers: Sequence[Buffer], /) -> None:
        """Append."""
        if self.is_over:
            raise StoreError(StoreFault.STOPPED, "write after commit or abort")
        self._store.fail_if_told("write")
        for buffer in buffers:
            self._digest.update(buffer)
            self.content += buffer

    async def abort(self) -> None:
        """Forget the object."""
        self.is_over = True
        self._store.staged.discard(self)


class MemoryStateLog:
    """Keeps records until it is gone itself; fails as its store is told to."""

    def __init__(self, store: "MemoryStore") -> None:
        self.records: list[bytes] = []
        self._store = store

    async def append(self, records: Sequence[bytes], /) -> None:
        """Add records."""
        for record in records:
            check_record(record)
        self._store.fail_if_told("append")
        self.records += records

    async def read(self) -> AsyncGenerator[bytes, None]:
        """Every record."""
        for record in self.records:
            yield record


class MemoryStore:
    """Keeps objects until it is gone itself.

    `errors` maps the name of an operation ("stage", "write", "commit", "delete", "status", and
    "append" of the state log) to what it raises from now on; `groups` holds the sizes of the groups
    committed so far.
    """

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.state_log = MemoryStateLog(self)
        self.staged: set[MemoryStage] = set()
        self.objects: dict[str, bytes] = {}
        self.errors: dict[str, Exception] = {}
        self.groups: list[int] = []
        self.current_status = StoreStatus(None, None, is_read_only=False, explanation="")
        self._count = 0

    def fail_if_told(self, operation: str) -> None:
        """Raise the error set for the operation."""
        if operation in self.errors:
            raise self.errors[operation]

    async def stage(self, request: StageRequest, /) -> MemoryStage:
        """Open a new object."""
        self.fail_if_told("stage")
        staged = MemoryStage(self, request)
        self.staged.add(staged)
        return staged

    async def commit(self, group: Sequence[Staged], /) -> Sequence[Location | StoreError]:
        """Keep the group's objects."""
        self.groups.append(len(group))
        return [self._commit(staged) for staged in group]

    async def read(
        self, location: Location, ranges: Sequence[ByteRange] | None = None, /
    ) -> AsyncGenerator[bytes, None]:
        """Yield each range in one piece."""
        content = self.objects.get(location.key)
        if content is None:
            raise StoreError(StoreFault.NOT_FOUND, "no such object")
        wanted = (ByteRange(0, len(content)),) if ranges is None else ranges
        for part in wanted:
            end_bytes = part.offset_bytes + part.length_bytes
            if min(part.offset_bytes, part.length_bytes) < 0 or end_bytes > len(content):
                raise StoreError(StoreFault.OUT_OF_RANGE, f"{part} of {len(content)} bytes")
        for part in wanted:
            if part.length_bytes:
                yield content[part.offset_bytes :][: part.length_bytes]

    async def read_together(
        self, wanted: Sequence[tuple[Location, ByteRange]], /
    ) -> Sequence[bytes | StoreError]:
        """One after the other."""
        return [await self._read_range(location, part) for location, part in wanted]

    async def stat(self, location: Location, /) -> ObjectStat | None:
        """Size; all objects have the same time."""
        content = self.objects.get(location.key)
        return None if content is None else ObjectStat(len(content), 0)

    async def delete(self, location: Location, /) -> None:
        """Forget an object."""
        self.fail_if_told("delete")
        self.objects.pop(location.key, None)

    async def list(self, cursor: str | None = None, /) -> ObjectPage:
        """Three objects at a time."""
        keys = sorted(key for key in self.objects if cursor is None or key > cursor)
        page = keys[:PAGE_OBJECTS]
        return ObjectPage(
            tuple(Location(self.name, key, len(self.objects[key])) for key in page),
            page[-1] if len(keys) > PAGE_OBJECTS else None,
        )

    async def status(self) -> StoreStatus:
        """`current_status`."""
        self.fail_if_told("status")
        return self.current_status

    async def _read_range(self, location: Location, part: ByteRange) -> bytes | StoreError:
        try:
            return b"".join([piece async for piece in self.read(location, [part])])
        except StoreError as error:
            return error

    def _commit(self, staged: Staged) -> Location | StoreError:
        if not isinstance(staged, MemoryStage):
            raise TypeError("commit: a staged object of another store")
        self.staged.discard(staged)
        if staged.is_over:
            return StoreError(StoreFault.STOPPED, "commit after commit or abort")
        staged.is_over = True
        try:
            self.fail_if_told("commit")
        except StoreError as error:
            return error
        self._count += 1
        key = f"{self._count:08d}"
        self.objects[key] = bytes(staged.content)
        return Location(self.name, key, len(staged.content))
