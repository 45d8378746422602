"""What ingest relies on, of the index and of the fake alike."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.api.reception import Reception
from pacsd.api.store import Location
from pacsd.archive.register import Register
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.index import open_index
from pacsd.index.records import NewCopy, NewInstance, Outcome
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_register import MemoryRegister


@pytest.fixture(params=["index", "fake"])
async def register(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Register]:
    if request.param == "fake":
        yield MemoryRegister()
        return
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as index:
        yield index


def instance(uid: str, key: str, digest: bytes = b"1", patient: str = "P1") -> NewInstance:
    return NewInstance(
        reception=Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse"),
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        sop_instance_uid=uid,
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        study_instance_uid="1.2.3",
        series_instance_uid="1.2.3.1",
        patient_id=patient,
        issuer_of_patient_id="",
        attributes={},
        copy=NewCopy("store", key, 100, 90, digest),
    )


async def judged(register: Register, *group: NewInstance) -> list[tuple[Outcome, bool]]:
    verdicts = await register.add(group)
    return [(verdict.outcome, verdict.keeps_file) for verdict in verdicts]


async def test_new_ones_are_stored(register: Register) -> None:
    assert await judged(register, instance("1.1", "a"), instance("1.2", "b")) == [
        (Outcome.STORED, True),
        (Outcome.STORED, True),
    ]


async def test_the_same_is_a_duplicate_in_its_group_and_after(register: Register) -> None:
    first, second = instance("1.1", "a"), instance("1.1", "b")
    assert await judged(register, first, second) == [
        (Outcome.STORED, True),
        (Outcome.DUPLICATE, False),
    ]
    [verdict] = await register.add([instance("1.1", "c")])
    assert (verdict.outcome, verdict.keeps_file) == (Outcome.DUPLICATE, False)
    assert verdict.existing is not None
    assert verdict.existing.location.key == "a"


async def test_other_content_is_a_conflict_once(register: Register) -> None:
    await register.add([instance("1.1", "a")])
    other = instance("1.1", "b", b"2")
    assert await judged(register, other, replace(other, copy=replace(other.copy, key="c"))) == [
        (Outcome.CONFLICT, True),
        (Outcome.CONFLICT_KNOWN, False),
    ]
    [verdict] = await register.add([instance("1.1", "d", b"3")])
    assert verdict.existing is not None
    assert verdict.existing.sha256 == b"1"


async def test_a_conflict_names_both_copies_each_time(register: Register) -> None:
    await register.add([instance("1.1", "a")])
    verdicts = await register.add([instance("1.1", "b", b"2"), instance("1.1", "c", b"2")])
    for verdict in verdicts:
        assert verdict.existing is not None
        assert verdict.version is not None
        assert verdict.existing.location == Location("store", "a", 100)
        assert verdict.version.location == Location("store", "b", 100)
        assert verdict.version.transfer_syntax_uid == "1.2.840.10008.1.2.1"
    assert verdicts[0].quarantined == verdicts[1].quarantined is not None
    [duplicate] = await register.add([instance("1.1", "d")])
    assert duplicate.version is None


async def test_a_conflict_that_was_none_is_withdrawn(register: Register) -> None:
    await register.add([instance("1.1", "a")])
    [verdict] = await register.add([instance("1.1", "b", b"2")])
    assert verdict.quarantined is not None
    assert verdict.existing is not None
    elsewhere = replace(verdict.existing, location=Location("store", "elsewhere", 100))
    assert not await register.withdraw(1, verdict.quarantined, elsewhere)
    assert await register.withdraw(1, verdict.quarantined, verdict.existing)
    assert not await register.withdraw(1, verdict.quarantined, verdict.existing)
    assert await judged(register, instance("1.1", "c", b"2")) == [(Outcome.CONFLICT, True)]


async def test_another_patient_in_a_study_is_held(register: Register) -> None:
    group = [instance("1.1", "a"), instance("1.2", "b", patient="P2"), instance("1.3", "c")]
    assert [outcome for outcome, _ in await judged(register, *group)] == [
        Outcome.STORED,
        Outcome.HELD,
        Outcome.STORED,
    ]


async def test_the_highest_keys_of_a_store(register: Register) -> None:
    assert await register.highest_keys("store", 10) == []
    await register.add([instance("1.1", "a"), instance("1.2", "c")])
    await register.add([instance("1.1", "d", b"2"), instance("1.1", "e")])
    assert await register.highest_keys("store", 10) == ["d", "c", "a"]
    assert await register.highest_keys("store", 2) == ["d", "c"]
    assert await register.highest_keys("another", 10) == []


async def test_the_fake_fails_once_when_told() -> None:
    register = MemoryRegister()
    register.error = IndexFault(IndexFaultKind.NO_SPACE, "test")
    with pytest.raises(IndexFault):
        await register.add([instance("1.1", "a")])
    assert register.instances == {}
    assert await judged(register, instance("1.1", "a")) == [(Outcome.STORED, True)]


async def test_it_knows_the_keys_of_instances_and_of_versions(register: Register) -> None:
    await register.add([instance("1.1", "a"), instance("1.1", "b", b"2"), instance("1.1", "c")])
    assert await register.known_keys("store", ["a", "b", "c", "d"]) == {"a", "b"}
    assert await register.known_keys("elsewhere", ["a"]) == frozenset()


async def test_settling_changes_nothing_that_is_asked(register: Register) -> None:
    await register.add([instance("1.1", "a")])
    await register.settle(3)
    assert await register.known_keys("store", ["a"]) == {"a"}
    assert await judged(register, instance("1.1", "b")) == [(Outcome.DUPLICATE, False)]
