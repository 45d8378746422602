from pacsd.index.index import Index
from pacsd.index.records import ChangeKind, Copy, CopyCheck, CopyState, Outcome, Scope
from tests.index.made import SCOPE, new, outcomes


async def test_versions_are_listed_found_and_located(index: Index) -> None:
    versions = [new("1.1", content=content, key=key) for content, key in ((b"b", "y"), (b"c", "x"))]
    await index.add([new("1.1"), *versions])
    first, second = await index.quarantine.page(SCOPE)
    assert [first.version, second.version] == versions
    assert await index.quarantine.page(SCOPE, after=first.id) == [second]
    assert await index.quarantine.find(SCOPE, second.id) == second
    assert await index.quarantine.by_location(SCOPE, "store_fs") == [second, first]
    assert await index.quarantine.by_location(SCOPE, "store_fs", "x", limit=1) == [first]


async def test_versions_of_others_are_not_seen(index: Index) -> None:
    await index.add([new("1.1"), new("1.1", content=b"b")])
    (version,) = await index.quarantine.page(SCOPE)
    for scope in (Scope(2), Scope(1, frozenset({"9"}))):
        assert await index.quarantine.page(scope) == []
        assert await index.quarantine.find(scope, version.id) is None
        assert await index.quarantine.discard(scope, version.id, "guest") is None
        assert await index.quarantine.release(scope, version.id, "guest") is None


async def test_a_discarded_version_is_forgotten(index: Index) -> None:
    other = new("1.1", content=b"b")
    await index.add([new("1.1"), other])
    (version,) = await index.quarantine.page(SCOPE)
    assert await index.quarantine.discard(SCOPE, version.id, "admin") == version
    assert await index.quarantine.discard(SCOPE, version.id, "admin") is None
    last = (await index.changes.page(SCOPE)).changes[-1]
    assert (last.kind, last.quarantined) == (ChangeKind.DISCARDED, version.id)
    assert outcomes(await index.add([other])) == [Outcome.CONFLICT]


async def conflict(index: Index) -> tuple[int, Copy]:
    """The number of a version, and the copy that was there before."""
    _, verdict = await index.add([new("1.1"), new("1.1", content=b"b")])
    assert verdict.quarantined is not None
    assert verdict.existing is not None
    return verdict.quarantined, verdict.existing


async def test_a_version_is_withdrawn_in_favour_of_a_copy(index: Index) -> None:
    version, existing = await conflict(index)
    assert await index.withdraw(1, version, existing)
    assert await index.quarantine.page(SCOPE) == []
    assert not await index.withdraw(1, version, existing)


async def test_a_version_is_not_withdrawn_in_favour_of_a_bad_copy(index: Index) -> None:
    version, existing = await conflict(index)
    check = CopyCheck(existing.instance, existing.location, CopyState.MISSING, 1)
    await index.copies.mark(SCOPE, [check])
    assert not await index.withdraw(1, version, existing)
    assert len(await index.quarantine.page(SCOPE)) == 1


async def test_a_version_is_not_withdrawn_in_favour_of_what_is_deleted(index: Index) -> None:
    version, existing = await conflict(index)
    await index.instances.delete(SCOPE, ["1.1"], "admin")
    assert not await index.withdraw(1, version, existing)
    assert len(await index.quarantine.page(SCOPE)) == 1


async def test_a_version_is_not_withdrawn_once_it_was_released(index: Index) -> None:
    version, existing = await conflict(index)
    await index.quarantine.release(SCOPE, version, "admin")
    (superseded,) = await index.quarantine.page(SCOPE)
    assert not await index.withdraw(1, superseded.id, existing)


async def test_a_released_version_and_the_instance_change_places(index: Index) -> None:
    first, other = new("1.1"), new("1.1", content=b"b")
    await index.add([first, other])
    (version,) = await index.quarantine.page(SCOPE)
    released = await index.quarantine.release(SCOPE, version.id, "admin")
    assert released is not None
    assert released.verdict.outcome is Outcome.STORED
    found = await index.instances.find(SCOPE, "1.1")
    assert found is not None
    assert [copy.sha256 for copy in found.copies] == [other.copy.sha256]
    (superseded,) = await index.quarantine.page(SCOPE)
    assert (superseded.id, superseded.version.copy) == (released.superseded, first.copy)
    assert outcomes(await index.add([first, other])) == [Outcome.CONFLICT_KNOWN, Outcome.DUPLICATE]


async def test_the_versions_of_one_instance(index: Index) -> None:
    await index.add([new("1.1"), new("1.1", content=b"b"), new("1.2"), new("1.2", content=b"c")])
    (of_first, _) = await index.quarantine.page(SCOPE)
    assert await index.quarantine.of_instance(SCOPE, "1.1") == [of_first]
    assert await index.quarantine.of_instance(SCOPE, "9.9") == []
    assert await index.quarantine.of_instance(Scope(2), "1.1") == []
