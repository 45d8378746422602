from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import anyio
import anyio.lowlevel
import pytest

from pacsd.api.store import ByteRange, Location
from pacsd.archive import second_look
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.second_look import AT_ONCE, SecondLook
from pacsd.archive.stored_file import read_stored
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.records import Copy, NewInstance, Outcome, Verdict
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from tests.archive.test_sameness import BIG, EXPLICIT, OBJECT, TRAILING_PADDING, encoded
from tests.archive.test_stored_file import REQUEST, stored

ANEW = OBJECT + TRAILING_PADDING
OTHER = OBJECT.replace(b"Doe^J", b"Roe^J")


class Bench:
    """A register with an object in Explicit VR Little Endian; others come beside it."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.register = MemoryRegister()
        self.removed: list[Location] = []
        self.taking_in = anyio.Lock()
        self.second_look = SecondLook(self.store, self.register, self.remove, self.taking_in)

    async def remove(self, location: Location) -> None:
        assert self.taking_in.locked()
        self.removed.append(location)
        await self.store.delete(location)

    async def add(self, data: bytes, syntax_uid: str = EXPLICIT) -> tuple[NewInstance, Verdict]:
        """What the committer does; then the file is gone, unless the index keeps it."""
        request = replace(REQUEST, transfer_syntax_uid=syntax_uid)
        new = await read_stored(
            self.store, await stored(self.store, encode_preface(request) + data)
        )
        [verdict] = await self.register.add([new])
        if not verdict.keeps_file:
            await self.store.delete(new.copy.location)
        return new, verdict

    async def look(self, verdict: Verdict) -> Verdict:
        return await self.second_look(1, verdict)

    def files(self) -> set[str]:
        return set(self.store.objects)

    def named(self) -> set[str]:
        """The files that the register names."""
        known = (*self.register.instances.values(), *self.register.quarantined.values())
        return {each.copy.key for each in known}


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.add(OBJECT)
    return made


@pytest.mark.parametrize(("data", "syntax_uid"), [(encoded(BIG), BIG), (ANEW, EXPLICIT)])
async def test_the_same_written_anew_is_a_duplicate(
    bench: Bench, data: bytes, syntax_uid: str
) -> None:
    new, verdict = await bench.add(data, syntax_uid)
    assert verdict.outcome is Outcome.CONFLICT
    second = await bench.look(verdict)
    assert (second.outcome, second.keeps_file) == (Outcome.DUPLICATE, False)
    assert (second.quarantined, second.version) == (None, None)
    assert bench.removed == [new.copy.location]
    assert bench.register.quarantined == {}


async def test_other_values_stay_in_quarantine(bench: Bench) -> None:
    _, verdict = await bench.add(OTHER)
    assert await bench.look(verdict) is verdict
    _, again = await bench.add(OTHER)
    assert again.outcome is Outcome.CONFLICT_KNOWN
    assert await bench.look(again) is again
    assert bench.removed == []
    assert bench.files() == bench.named()
    assert len(bench.register.quarantined) == 1


async def test_only_conflicts_are_looked_at(bench: Bench) -> None:
    _, verdict = await bench.add(OBJECT)
    assert verdict.outcome is Outcome.DUPLICATE
    assert await bench.look(verdict) is verdict


async def test_it_stays_a_conflict_when_what_it_equals_has_gone_meanwhile(bench: Bench) -> None:
    _, verdict = await bench.add(ANEW)
    elsewhere = Location("memory", "elsewhere", 1)
    for uid, kept in bench.register.instances.items():
        moved = replace(kept.copy, key=elsewhere.key, size_bytes=elsewhere.size_bytes)
        bench.register.instances[uid] = replace(kept, copy=moved)
    assert await bench.look(verdict) is verdict
    assert len(bench.register.quarantined) == 1
    assert bench.removed == []


async def test_a_look_that_was_interrupted_is_made_up_for_when_it_comes_again(
    bench: Bench,
) -> None:
    first, _ = await bench.add(ANEW)
    _, verdict = await bench.add(ANEW)
    assert verdict.outcome is Outcome.CONFLICT_KNOWN
    second = await bench.look(verdict)
    assert (second.outcome, second.keeps_file) == (Outcome.DUPLICATE, False)
    assert bench.removed == [first.copy.location]
    assert bench.files() == bench.named()


async def test_the_very_file_that_lies_in_quarantine_goes_once(bench: Bench) -> None:
    new, _ = await bench.add(ANEW)
    [verdict] = await bench.register.add([new])
    verdict = replace(verdict, keeps_file=True)
    assert (await bench.look(verdict)).keeps_file is False
    assert bench.removed == [new.copy.location]
    assert bench.files() == bench.named()


async def test_of_two_who_send_the_same_at_once_both_are_told_the_same(bench: Bench) -> None:
    first, conflict = await bench.add(ANEW)
    _, known = await bench.add(ANEW)
    seconds: list[Verdict] = []

    async def look(verdict: Verdict) -> None:
        seconds.append(await bench.look(verdict))

    async with anyio.create_task_group() as tasks:
        for verdict in (known, conflict, known):
            tasks.start_soon(look, verdict)
    assert [each.outcome for each in seconds] == [Outcome.DUPLICATE] * 3
    assert (await bench.look(known)).outcome is Outcome.DUPLICATE
    assert bench.removed == [first.copy.location]
    assert bench.files() == bench.named()


async def test_what_was_decided_meanwhile_keeps_its_file(bench: Bench) -> None:
    _, verdict = await bench.add(encoded(BIG), BIG)
    bench.register.quarantined.clear()
    assert await bench.look(verdict) is verdict
    assert bench.removed == []


async def test_what_is_stored_may_be_gone_or_damaged(bench: Bench) -> None:
    _, verdict = await bench.add(ANEW)
    assert verdict.existing is not None
    key = verdict.existing.location.key
    whole = bench.store.objects[key]
    bench.store.objects[key] = whole[:-1] + b"\1"
    assert await bench.look(verdict) is verdict
    del bench.store.objects[key]
    assert await bench.look(verdict) is verdict
    assert bench.removed == []
    bench.store.objects[key] = whole
    assert (await bench.look(verdict)).outcome is Outcome.DUPLICATE


class Stubborn(MemoryRegister):
    async def withdraw(self, *_: object) -> bool:
        raise IndexFault(IndexFaultKind.NO_SPACE, "test")


async def test_what_cannot_be_withdrawn_keeps_its_file(bench: Bench) -> None:
    stubborn = SecondLook(bench.store, Stubborn(), bench.remove, bench.taking_in)
    _, verdict = await bench.add(encoded(BIG), BIG)
    with pytest.raises(IndexFault):
        await stubborn(1, verdict)
    assert bench.removed == []
    assert (await bench.look(verdict)).outcome is Outcome.DUPLICATE


class Slow(MemoryRegister):
    """Waits in the middle of withdrawing."""

    def __init__(self) -> None:
        super().__init__()
        self.is_withdrawing = anyio.Event()
        self.may_go_on = anyio.Event()

    async def withdraw(self, partition: int, version: int, existing: Copy, /) -> bool:
        self.is_withdrawing.set()
        await self.may_go_on.wait()
        return await super().withdraw(partition, version, existing)


async def test_a_sender_who_gives_up_meanwhile_leaves_no_file_behind() -> None:
    bench = Bench()
    bench.register = slow = Slow()
    bench.second_look = SecondLook(bench.store, slow, bench.remove, bench.taking_in)
    await bench.add(OBJECT)
    new, verdict = await bench.add(ANEW)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.look, verdict)
        await slow.is_withdrawing.wait()
        tasks.cancel_scope.cancel()
        slow.may_go_on.set()
    assert bench.removed == [new.copy.location]
    assert bench.files() == bench.named()


class CountingStore(MemoryStore):
    """Counts how many files are read at once; each read waits at the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.open_files = self.most_files = 0
        self.gate = anyio.Event()

    async def read(
        self, location: Location, ranges: Sequence[ByteRange] | None = None, /
    ) -> AsyncGenerator[bytes, None]:
        self.open_files += 1
        self.most_files = max(self.most_files, self.open_files)
        try:
            await self.gate.wait()
            async for piece in super().read(location, ranges):
                yield piece
        finally:
            self.open_files -= 1


async def test_only_so_many_are_looked_at_side_by_side(bench: Bench) -> None:
    counting = CountingStore()
    counting.objects = bench.store.objects
    bench.second_look = SecondLook(counting, bench.register, bench.remove, bench.taking_in)
    _, verdict = await bench.add(OTHER)
    async with anyio.create_task_group() as tasks:
        for _ in range(AT_ONCE * 3):
            tasks.start_soon(bench.look, verdict)
        await anyio.wait_all_tasks_blocked()
        assert counting.open_files == AT_ONCE
        counting.gate.set()
    assert counting.most_files <= AT_ONCE * 2
    assert counting.open_files == 0


async def test_a_look_that_takes_too_long_leaves_a_conflict(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = CountingStore()
    slow.objects = bench.store.objects
    bench.second_look = SecondLook(slow, bench.register, bench.remove, bench.taking_in)
    _, verdict = await bench.add(ANEW)
    with monkeypatch.context() as patched:
        patched.setattr(second_look, "LOOK_S", 0.0)
        assert await bench.look(verdict) is verdict
    slow.gate.set()
    assert (await bench.look(verdict)).outcome is Outcome.DUPLICATE
