"""Several stores as one BlobStore: each object is with the store that its location names.

What comes in goes to the first one, unless another is named, and so does the state log. What lies
in a store that is not among them is not lost: whoever wants it is told which store is missing.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace

import anyio

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.side_by_side_reads import read_side_by_side
from pacsd.api.state_log import StateLog
from pacsd.api.store import (
    BlobStore,
    Buffer,
    ByteRange,
    Location,
    ObjectPage,
    ObjectStat,
    Staged,
    StageRequest,
    StoreStatus,
    reads_together,
)

READS_AT_ONCE = 8
"""Of a store that cannot read several together."""

_Wanted = tuple[Location, ByteRange]


class _StagedIn:
    """An object staged in one of the stores."""

    def __init__(self, store: str, staged: Staged) -> None:
        self.store = store
        self.staged = staged

    async def write(self, buffers: Sequence[Buffer], /) -> None:
        await self.staged.write(buffers)

    async def abort(self) -> None:
        await self.staged.abort()


class StoresTogether:
    """Stores by their names, at least one; the first one keeps the state log."""

    def __init__(self, parts: Mapping[str, BlobStore]) -> None:
        self.parts = dict(parts)
        self.first = next(iter(parts))

    @property
    def state_log(self) -> StateLog:
        """That of the first store."""
        return self.parts[self.first].state_log

    def part(self, name: str) -> BlobStore:
        """A store by its name.

        Raises:
            StoreError: it is not among them.
        """
        part = self.parts.get(name)
        if part is None:
            why = f"store '{name}' is not configured: name it in store.others"
            raise StoreError(StoreFault.NOT_CONFIGURED, why)
        return part

    async def stage(self, request: StageRequest, /) -> Staged:
        """Open a new object in the first store."""
        return await self.stage_in(self.first, request)

    async def stage_in(self, name: str, request: StageRequest) -> Staged:
        """Open a new object in the store of that name; errors as for `stage` and `part`."""
        return _StagedIn(name, await self.part(name).stage(request))

    async def commit(self, group: Sequence[Staged], /) -> Sequence[Location | StoreError]:
        """Make a group durable, in each store those that it has; one that fails fails no other."""
        members: dict[str, dict[int, Staged]] = {}
        for number, each in enumerate(group):
            if not isinstance(each, _StagedIn):
                raise TypeError("commit: a staged object of another store")
            members.setdefault(each.store, {})[number] = each.staged
        answers: dict[int, Location | StoreError] = {}

        async def commit(name: str, theirs: Mapping[int, Staged]) -> None:
            answers.update(zip(theirs, await self._commit(name, [*theirs.values()]), strict=True))

        async with anyio.create_task_group() as tasks:
            for name, theirs in members.items():
                tasks.start_soon(commit, name, theirs, name=f"commit in {name}")
        return [answers[number] for number in range(len(group))]

    async def _commit(self, name: str, group: Sequence[Staged]) -> Sequence[Location | StoreError]:
        """What one store answers; a defect of it fails what was staged in it, and nothing else."""
        try:
            answers = await self.parts[name].commit(group)
            strange = {each.store for each in answers if isinstance(each, Location)} - {name}
            if len(answers) == len(group) and not strange:
                return answers
            defect = f"{len(answers)} answers for {len(group)} objects, of {[name, *strange]}"
        except Exception as bug:  # noqa: BLE001 - of one store; the others have their answers
            defect = repr(bug)
        error = StoreError(StoreFault.INPUT_OUTPUT, f"store {name}: commit: {defect}")
        return [error] * len(group)

    def read(
        self, location: Location, ranges: Sequence[ByteRange] | None = None, /
    ) -> AsyncGenerator[bytes, None]:
        """Read from the store of the location."""
        try:
            return self.part(location.store).read(location, ranges)
        except StoreError as error:
            return _failing(error)

    async def read_together(self, wanted: Sequence[_Wanted], /) -> Sequence[bytes | StoreError]:
        """From each store what lies there, together if it can, else side by side."""
        theirs: dict[str, dict[int, _Wanted]] = {}
        for number, each in enumerate(wanted):
            theirs.setdefault(each[0].store, {})[number] = each
        answers: dict[int, bytes | StoreError] = {}

        async def read(name: str, some: Mapping[int, _Wanted]) -> None:
            answers.update(zip(some, await self._read_some(name, [*some.values()]), strict=True))

        async with anyio.create_task_group() as tasks:
            for name, some in theirs.items():
                tasks.start_soon(read, name, some, name=f"read from {name}")
        return [answers[number] for number in range(len(wanted))]

    async def _read_some(
        self, name: str, wanted: Sequence[_Wanted]
    ) -> Sequence[bytes | StoreError]:
        try:
            part = self.part(name)
        except StoreError as error:
            return [error] * len(wanted)
        if reads_together(part):
            return await part.read_together(wanted)
        return await read_side_by_side(part, wanted, at_once=READS_AT_ONCE)

    async def stat(self, location: Location, /) -> ObjectStat | None:
        """Ask the store of the location.

        Raises:
            StoreError: it is not among these.
        """
        return await self.part(location.store).stat(location)

    async def delete(self, location: Location, /) -> None:
        """Remove from the store of the location."""
        await self.part(location.store).delete(location)

    async def list(self, cursor: str | None = None, /) -> ObjectPage:
        """The objects of one store after those of the other, each by rising key."""
        names = [*self.parts]
        name, inside = names[0], None
        if cursor is not None:
            name, _, rest = cursor.partition(":")
            inside = rest or None
        page = await self.part(name).list(inside)
        if page.next_cursor is not None:
            return ObjectPage(page.locations, f"{name}:{page.next_cursor}")
        following = names[names.index(name) + 1 :]
        return ObjectPage(page.locations, f"{following[0]}:" if following else None)

    async def status(self) -> StoreStatus:
        """That of the first store; what the others complain about is said, too."""
        found = {name: await part.status() for name, part in self.parts.items()}
        said = (f"{name}: {each.explanation}" for name, each in found.items() if each.explanation)
        return replace(found[self.first], explanation="; ".join(said))


def parts_of(store: BlobStore, name: str) -> Mapping[str, BlobStore]:
    """The stores by their names, the first one first; a store that is not several has this name."""
    return store.parts if isinstance(store, StoresTogether) else {name: store}


def part_of(store: BlobStore, location: Location) -> BlobStore:
    """The store an object is with.

    Raises:
        StoreError: it is not among several.
    """
    return store.part(location.store) if isinstance(store, StoresTogether) else store


def name_in_log(store: BlobStore, name: str) -> str:
    """How the state log names a store: '' is the first one, in which it lies itself."""
    return name if isinstance(store, StoresTogether) and name != store.first else ""


async def _failing(error: StoreError) -> AsyncGenerator[bytes, None]:
    raise error
    yield b""  # what makes it a generator
