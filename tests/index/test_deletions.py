import pytest

from pacsd.dicom.level import Level
from pacsd.index.deletion_records import Cause, Counted, ListedDeletion, UniqueKeys
from pacsd.index.index import Index
from pacsd.index.records import Scope
from tests.index.made import SCOPE, new

STUDY = UniqueKeys("1.2.3")
CAUSE = Cause(10, "a mistake", Level.STUDY, "1.2.3")


@pytest.fixture
async def filled(index: Index) -> Index:
    """Two series in one study, one of these also in another; one instance is held."""
    await index.add(
        [
            new("1.0"), new("1.1"), new("1.2", series="1.2.3.9"),
            new("2.0", study="2", series="1.2.3.9"), new("1.9", patient_id="P2"),
        ]
    )  # fmt: skip
    return index


async def uids(index: Index, keys: UniqueKeys, scope: Scope = SCOPE) -> list[str]:
    counted = await index.deletions.count(scope, keys, are_deleted=False)
    found = await index.deletions.instances(
        scope, keys, are_deleted=False, last=counted.last, limit=100
    )
    assert len(found) == counted.instances
    return [uid for _, uid in found]


async def test_what_a_study_a_series_or_an_instance_is(filled: Index) -> None:
    assert await uids(filled, STUDY) == ["1.0", "1.1", "1.2"]
    assert await uids(filled, UniqueKeys("1.2.3", "1.2.3.9")) == ["1.2"]
    assert await uids(filled, UniqueKeys("1.2.3", "1.2.3.0", "1.1")) == ["1.1"]
    assert await uids(filled, UniqueKeys("1.2.3", sop_instance_uid="1.9")) == ["1.9"]
    for keys in (
        UniqueKeys("1.2"),
        UniqueKeys("1.2.3", "1.2.3.0", "1.2"),
        UniqueKeys("2", sop_instance_uid="1.0"),
        UniqueKeys("2", "1.2.3.0"),
    ):
        assert await uids(filled, keys) == []


async def test_nobody_counts_what_they_may_not_see(filled: Index) -> None:
    for scope in (Scope(2), Scope(1, frozenset({"2"}))):
        assert await uids(filled, STUDY, scope) == []
        assert await uids(filled, UniqueKeys("1.2.3", sop_instance_uid="1.0"), scope) == []
    assert await uids(filled, UniqueKeys("2"), Scope(1, frozenset({"2"}))) == ["2.0"]


async def test_what_is_deleted_is_counted_apart(filled: Index) -> None:
    await filled.instances.delete(SCOPE, ["1.1"], "admin", CAUSE)
    counted = await filled.deletions.count(SCOPE, STUDY, are_deleted=False)
    deleted = await filled.deletions.count(SCOPE, STUDY, are_deleted=True)
    assert (counted.instances, counted.series) == (2, 2)
    assert (deleted.instances, deleted.series) == (1, 1)
    assert counted.size_bytes == 2 * deleted.size_bytes > 0
    nothing = await filled.deletions.count(SCOPE, UniqueKeys("9"), are_deleted=True)
    assert nothing == Counted(0, 0, 0, 0)


async def test_page_by_page_up_to_the_last(filled: Index) -> None:
    counted = await filled.deletions.count(SCOPE, STUDY, are_deleted=False)
    await filled.add([new("1.8")])

    async def page(after: int) -> list[tuple[int, str]]:
        return await filled.deletions.instances(
            SCOPE, STUDY, are_deleted=False, after=after, last=counted.last, limit=2
        )

    first = await page(0)
    second = await page(first[-1][0])
    assert [uid for _, uid in first + second] == ["1.0", "1.1", "1.2"]
    assert await page(second[-1][0]) == []


async def test_the_studies_of_a_uid(filled: Index) -> None:
    async def studies(level: Level, uid: str) -> list[str]:
        return sorted(await filled.deletions.studies_of(SCOPE, level, uid))

    assert await studies(Level.STUDY, "2") == ["2"]
    assert await studies(Level.SERIES, "1.2.3.9") == ["1.2.3", "2"]
    assert await studies(Level.INSTANCE, "1.9") == ["1.2.3"]
    assert await studies(Level.INSTANCE, "9") == []


async def test_decisions_are_listed_while_something_hangs_on_them(filled: Index) -> None:
    await filled.instances.delete(SCOPE, ["1.0", "1.1"], "admin", CAUSE)
    await filled.instances.delete(SCOPE, ["2.0", "1.9"], "another", Cause(20))
    first, second = await filled.deletions.page(SCOPE)
    assert first == ListedDeletion(first.id, "admin", CAUSE, 2, ("1.2.3",))
    assert second == ListedDeletion(second.id, "another", Cause(20), 2, ("1.2.3", "2"))
    assert await filled.deletions.page(SCOPE, limit=1) == [first]
    assert await filled.deletions.page(SCOPE, after=first.id) == [second]
    assert await filled.deletions.page(Scope(1, frozenset({"2"}))) == []
    await filled.instances.restore(SCOPE, ["1.0", "1.1", "2.0"], "admin")
    assert [(each.id, each.instances) for each in await filled.deletions.page(SCOPE)] == [
        (second.id, 1)
    ]


async def test_what_comes_again_is_not_deleted_any_more(index: Index) -> None:
    await index.add([new("1.0", content=b"same")])
    await index.instances.delete(SCOPE, ["1.0"], "admin", CAUSE)
    await index.add([new("1.0", content=b"same", restores_deleted=True)])
    assert await index.deletions.page(SCOPE) == []
    assert await index.deletions.due(SCOPE, ["store_fs"], 2**60, 9) == []


async def test_purged_with_the_log(filled: Index) -> None:
    await filled.instances.delete(SCOPE, ["1.0"], "admin", CAUSE)
    [due] = await filled.deletions.due(SCOPE, ["store_fs"], 11, 9)
    await filled.deletions.purge(SCOPE, [due.instance.id], "pacsd", reached=7)
    assert await filled.instances.find(SCOPE, "1.0") is None
    assert await filled.log_position() == 7


async def test_headers_go_along(index: Index) -> None:
    """Even the one that others of its series are packed with: these are read from files again."""
    await index.add([new(f"1.{number}", header=b"a header of the series") for number in range(3)])
    first, second, third = [each.id for each in await index.instances.page(SCOPE)]
    await index.instances.delete(SCOPE, ["1.0"], "admin", CAUSE)
    await index.deletions.purge(SCOPE, [first], "pacsd")
    await index.add([new("1.4", header=b"a header of the series")])
    fourth = (await index.instances.page(SCOPE))[-1].id
    # Headers are kept after whoever added them has an answer, and before the next unit begins.
    await index.put_headers(())
    found = await index.headers([first, second, third, fourth])
    assert first not in found
    assert found[fourth] == b"a header of the series"
    assert set(found.values()) == {b"a header of the series"}
