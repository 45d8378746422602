from dataclasses import replace

from pacsd.index.index import Index
from pacsd.index.records import ChangeKind, CopyCheck, CopyState, Outcome, Scope
from tests.index.made import SCOPE, new, outcomes


async def kinds(index: Index) -> list[ChangeKind]:
    return [each.kind for each in (await index.changes.page(SCOPE)).changes]


async def test_copies_come_by_location(index: Index) -> None:
    await index.add(
        [
            new("1.1", key="b"),
            new("1.2", key="c"),
            new("1.3", key="a"),
            new("1.4", key="0", store="other"),
        ]
    )
    first = await index.copies.by_location(SCOPE, "store_fs", limit=2)
    rest = await index.copies.by_location(SCOPE, "store_fs", first[-1].location.key)
    assert [copy.location.key for copy in first + rest] == ["a", "b", "c"]
    assert await index.copies.by_location(SCOPE, "nowhere") == []


async def test_copies_of_others_are_not_seen(index: Index) -> None:
    await index.add([new("1.1"), new("1.2", patient_id="P2"), new("9.1", study="9", series="9.0")])
    seen = await index.copies.by_location(Scope(1, frozenset({"1.2.3"})), "store_fs")
    assert len(seen) == 2
    assert await index.copies.by_location(Scope(2), "store_fs") == []


async def test_the_scrub_goes_round_by_marking(index: Index) -> None:
    await index.add([new(f"1.{number}") for number in range(5)])
    seen = []
    while page := await index.copies.longest_unverified(SCOPE, 100, limit=2):
        seen += [copy.instance for copy in page]
        checks = [CopyCheck(copy.instance, copy.location, CopyState.OK, 100) for copy in page]
        assert await index.copies.mark(SCOPE, checks) == len(page)
    assert len(set(seen)) == len(seen) == 5
    assert await kinds(index) == [ChangeKind.STORED] * 5


async def test_the_scrub_of_a_store_is_not_held_up_by_another(index: Index) -> None:
    await index.add([new("1.1", store="other"), new("1.2", key="b")])
    (copy,) = await index.copies.longest_unverified(SCOPE, 100, limit=1, store="store_fs")
    assert copy.location.key == "b"


async def test_what_is_not_good_any_more_is_a_change_once(index: Index) -> None:
    await index.add([new("1.1")])
    (copy,) = await index.copies.by_location(SCOPE, "store_fs")
    check = CopyCheck(copy.instance, copy.location, CopyState.DAMAGED, 7)
    assert await index.copies.mark(SCOPE, [check, replace(check, state=CopyState.MISSING)]) == 2
    (found,) = await index.copies.by_location(SCOPE, "store_fs")
    assert (found.state, found.verified_at_us) == (CopyState.MISSING, 7)
    assert await kinds(index) == [ChangeKind.STORED, ChangeKind.COPY_FAILED]


async def test_a_copy_replaced_meanwhile_keeps_its_state(index: Index) -> None:
    await index.add([new("1.1", key="a")])
    (copy,) = await index.copies.by_location(SCOPE, "store_fs")
    bad = CopyCheck(copy.instance, copy.location, CopyState.DAMAGED, 7)
    await index.copies.mark(SCOPE, [bad])
    assert outcomes(await index.add([new("1.1", key="b")])) == [Outcome.REPAIRED]
    assert await index.copies.mark(SCOPE, [bad]) == 0
    (found,) = await index.copies.by_location(SCOPE, "store_fs")
    assert (found.location.key, found.state) == ("b", CopyState.OK)


async def test_who_may_not_see_a_copy_does_not_mark_it(index: Index) -> None:
    await index.add([new("1.1", key="a")])
    (copy,) = await index.copies.by_location(SCOPE, "store_fs")
    bad = CopyCheck(copy.instance, copy.location, CopyState.DAMAGED, 7)
    assert await index.copies.mark(Scope(2), [bad]) == 0
