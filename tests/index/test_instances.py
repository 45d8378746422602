import pytest

from pacsd.index.index import Index
from pacsd.index.records import (
    ChangeKind,
    CopyCheck,
    CopyState,
    InstanceState,
    NamedPatient,
    Outcome,
    Scope,
)
from tests.index.made import SCOPE, new, outcomes


async def test_an_instance_is_found_by_its_uid(index: Index) -> None:
    brought = new("1.1")
    (verdict,) = await index.add([brought])
    found = await index.instances.find(SCOPE, "1.1")
    assert found is not None
    assert (found.id, found.state) == (verdict.instance, InstanceState.LIVE)
    assert [copy.location for copy in found.copies] == [brought.copy.location]


async def test_what_is_not_there_or_not_to_be_seen_is_not_found(index: Index) -> None:
    await index.add([new("1.1")])
    assert await index.instances.find(SCOPE, "1.2") is None
    assert await index.instances.find(Scope(2), "1.1") is None
    assert await index.instances.find(Scope(1, frozenset({"9"})), "1.1") is None
    assert await index.instances.find(Scope(1, frozenset({"1.2.3"})), "1.1") is not None


async def test_instances_come_page_by_page(index: Index) -> None:
    added = [verdict.instance for verdict in await index.add([new(f"1.{n}") for n in range(5)])]
    first = await index.instances.page(SCOPE, limit=3)
    rest = await index.instances.page(SCOPE, after=first[-1].id, limit=3)
    assert [each.id for each in first + rest] == added
    assert all(each.copies for each in first + rest)


async def test_held_instances_are_listed_with_what_they_brought(index: Index) -> None:
    held = new("1.2", patient_id="P2", attributes={0x00100010: "Roe^Ann"}, extras={3: "x"})
    await index.add([new("1.1"), held])
    (found,) = await index.instances.held(SCOPE)
    assert (found.sop_instance_uid, found.patient_id) == ("1.2", "P2")
    assert (found.attributes, found.extras) == ({0x00100010: "Roe^Ann"}, {3: "x"})
    assert await index.instances.held(SCOPE, after=found.id) == []
    assert await index.instances.held(Scope(1, frozenset({"9"}))) == []


async def test_deleted_instances_are_there_but_deleted(index: Index) -> None:
    await index.add([new("1.1"), new("1.2", patient_id="P2"), new("1.3")])
    deleted = await index.instances.delete(SCOPE, ["1.1", "1.2", "9.9"], "admin")
    assert len(deleted) == 2
    assert await index.instances.delete(SCOPE, ["1.1"], "admin") == []
    found = await index.instances.find(SCOPE, "1.1")
    assert found is not None
    assert found.state is InstanceState.DELETED
    assert await index.instances.held(SCOPE) == []


async def test_what_was_deleted_is_restored_to_what_it_was(index: Index) -> None:
    await index.add([new("1.1"), new("1.2", patient_id="P2")])
    deleted = await index.instances.delete(SCOPE, ["1.1", "1.2"], "admin")
    assert await index.instances.restore(SCOPE, ["1.1", "1.2"], "admin") == deleted
    assert await index.instances.restore(SCOPE, ["1.1"], "admin") == []
    states = [each.state for each in await index.instances.page(SCOPE)]
    assert states == [InstanceState.LIVE, InstanceState.HELD]


async def test_deleting_is_logged_and_audited(index: Index) -> None:
    await index.add([new("1.1")])
    await index.instances.delete(SCOPE, ["1.1"], "admin")
    await index.instances.restore(SCOPE, ["1.1"], "admin")
    changes = (await index.changes.page(SCOPE)).changes
    assert [each.kind for each in changes] == [
        ChangeKind.STORED,
        ChangeKind.DELETED,
        ChangeKind.RESTORED,
    ]
    assert (await index.stats(SCOPE)).rows["audit"] == 3


async def test_who_may_not_see_a_study_deletes_nothing_of_it(index: Index) -> None:
    await index.add([new("1.1")])
    assert await index.instances.delete(Scope(1, frozenset({"9"})), ["1.1"], "guest") == []
    assert outcomes(await index.add([new("1.1")])) == [Outcome.DUPLICATE]


async def test_those_of_some_uids(index: Index) -> None:
    await index.add([new("1.1"), new("1.2"), new("1.3")])
    await index.instances.delete(SCOPE, ["1.3"], "admin")
    among = await index.instances.among(SCOPE, ["1.3", "1.1", "9.9"])
    assert {(each.sop_instance_uid, each.state) for each in among} == {
        ("1.1", InstanceState.LIVE),
        ("1.3", InstanceState.DELETED),
    }
    assert all(each.copies for each in among)
    assert await index.instances.among(Scope(2), ["1.1"]) == []


async def test_the_patients_of_studies(index: Index) -> None:
    await index.add(
        [
            new("1.1", study="1.2.1", patient_id="P1", attributes={0x00100010: "Doe^John"}),
            new("1.2", study="1.2.1", patient_id="P2"),
            new("1.3", study="1.2.2", patient_id="P3"),
        ]
    )
    found = await index.instances.patients_of(SCOPE, ["1.2.1", "1.2.2", "1.2.9"])
    assert found == {
        "1.2.1": NamedPatient("P1", "", "Doe^John"),
        "1.2.2": NamedPatient("P3", "", ""),
    }
    assert await index.instances.patients_of(Scope(2), ["1.2.1"]) == {}
    assert await index.instances.patients_of(SCOPE, []) == {}


async def test_what_was_found_once_is_found_as_it_is_now(index: Index) -> None:
    new_one = new("1.1")
    await index.add([new_one])
    for delete in (True, False):
        before = await index.instances.find(SCOPE, "1.1")
        await (index.instances.delete if delete else index.instances.restore)(
            SCOPE, ["1.1"], "admin"
        )
        after = await index.instances.find(SCOPE, "1.1")
        assert before is not None
        assert after is not None
        assert (before.state is InstanceState.DELETED) is not delete
        assert (after.state is InstanceState.DELETED) is delete


async def test_a_copy_that_was_marked_is_found_as_it_is_now(index: Index) -> None:
    await index.add([new("1.1")])
    before = await index.instances.find(SCOPE, "1.1")
    assert before is not None
    for state in (CopyState.DAMAGED, CopyState.OK):
        (copy,) = before.copies
        await index.copies.mark(SCOPE, [CopyCheck(before.id, copy.location, state, 5)])
        before = await index.instances.find(SCOPE, "1.1")
        assert before is not None
        assert [each.state for each in before.copies] == [state]


async def test_what_was_found_once_is_not_looked_up_again(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    await index.add([new("1.1"), new("1.2")])
    number = (await index.instances.page(SCOPE))[1].id
    found = await index.instances.find(SCOPE, "1.1")
    await index.instances.numbered(SCOPE, [number])
    await index.add([new("1.3")])
    monkeypatch.delattr("pacsd.index.instances._find")
    assert await index.instances.find(SCOPE, "1.1") is found
    assert await index.instances.find(SCOPE, "1.2") is not None
    assert await index.instances.find(Scope(1, frozenset({"9"})), "1.2") is None


async def test_how_an_instance_came(index: Index) -> None:
    [verdict] = await index.add([new("1.1")])
    assert await index.instances.reception(SCOPE, verdict.instance) == new("1.1").reception
    assert await index.instances.reception(SCOPE, verdict.instance + 1) is None
