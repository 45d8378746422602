from dataclasses import replace

import pytest

from pacsd.api.store import Location
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.second_look import SecondLook
from pacsd.archive.stored_file import read_stored
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.records import NewInstance, Outcome, Verdict
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from tests.archive.test_sameness import BIG, EXPLICIT, OBJECT, encoded
from tests.archive.test_stored_file import REQUEST, stored


class Bench:
    """A register with an object in Explicit VR Little Endian; others come beside it."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.register = MemoryRegister()
        self.disposed: list[Location] = []
        self.look = SecondLook(self.store, self.register, self.dispose)

    async def dispose(self, location: Location) -> None:
        self.disposed.append(location)

    async def add(self, data: bytes, syntax_uid: str) -> tuple[NewInstance, Verdict]:
        request = replace(REQUEST, transfer_syntax_uid=syntax_uid)
        new = await read_stored(
            self.store, await stored(self.store, encode_preface(request) + data)
        )
        [verdict] = await self.register.add([new])
        return new, verdict


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.add(OBJECT, EXPLICIT)
    return made


async def test_the_same_in_another_encoding_is_a_duplicate(bench: Bench) -> None:
    new, verdict = await bench.add(encoded(BIG), BIG)
    assert verdict.outcome is Outcome.CONFLICT
    second = await bench.look(new, verdict)
    assert (second.outcome, second.keeps_file) == (Outcome.DUPLICATE, False)
    assert bench.disposed == [new.copy.location]
    assert bench.register.quarantined == {}


async def test_other_values_stay_in_quarantine(bench: Bench) -> None:
    new, verdict = await bench.add(encoded(BIG, OBJECT.replace(b"Doe^J", b"Roe^J")), BIG)
    assert await bench.look(new, verdict) is verdict
    assert bench.disposed == []
    assert len(bench.register.quarantined) == 1


async def test_only_conflicts_are_looked_at(bench: Bench) -> None:
    new, verdict = await bench.add(OBJECT, EXPLICIT)
    assert verdict.outcome is Outcome.DUPLICATE
    assert await bench.look(new, verdict) is verdict


class Stubborn(MemoryRegister):
    async def withdraw(self, partition: int, version: int, /) -> bool:
        raise IndexFault(IndexFaultKind.NO_SPACE, f"{partition} {version}")


async def test_what_was_decided_meanwhile_keeps_its_file(bench: Bench) -> None:
    new, verdict = await bench.add(encoded(BIG), BIG)
    bench.register.quarantined.clear()
    assert await bench.look(new, verdict) is verdict
    assert bench.disposed == []


async def test_what_cannot_be_withdrawn_keeps_its_file(bench: Bench) -> None:
    bench.look = SecondLook(bench.store, Stubborn(), bench.dispose)
    with pytest.raises(IndexFault):
        await bench.look(*await bench.add(encoded(BIG), BIG))
    assert bench.disposed == []
