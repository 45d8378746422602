"""Files of what the log says is gone, still there: nobody pays for them, and nobody sees them."""

from pathlib import Path

import anyio
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.receiving import ReceivedInstance
from pacsd.api.store import Location
from pacsd.archive import leftovers
from pacsd.archive.admittance import Decide
from pacsd.archive.adoption import Adopted, adopt
from pacsd.archive.check import Check
from pacsd.archive.check_records import Finding
from pacsd.archive.curation import Curation
from pacsd.archive.leftovers import Leftovers
from pacsd.archive.rebuild import Clock as ClockOfRebuild
from pacsd.archive.rebuild import rebuild
from pacsd.archive.stores import StoresTogether
from pacsd.index.deletion_records import Cause
from pacsd.index.index import open_index
from pacsd.index.records import Outcome
from pacsd.testing.memory_store import MemoryStore
from tests.archive.small_archive import SCOPE
from tests.archive.two_stores import FAST, SLOW, TwoStores, two_stores

FAILS = StoreError(StoreFault.INPUT_OUTPUT, "test")


async def nobody_objects(_: ReceivedInstance) -> None:
    """Everything comes in."""


class Nobody:
    """Looks on at a rebuild."""

    def read(self, location: Location, /) -> None:
        """A file was read."""

    def unreadable(self, key: str, why: str, /) -> None:
        raise AssertionError((key, why))


async def test_each_store_is_tried_again_until_it_removes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "MAX_WAITING", 3)
    stores = {name: MemoryStore(name) for name in (FAST, SLOW)}
    for store in stores.values():
        store.objects = dict.fromkeys("123", b"x")
        store.errors["delete"] = FAILS
    told: list[tuple[Location, StoreError]] = []
    left = Leftovers(StoresTogether(stores), lambda *what: told.append(what))
    for name, key in ((FAST, "1"), (SLOW, "1"), (SLOW, "2"), (SLOW, "3")):
        await left.remove(Location(name, key, 1))
    assert (left.waiting, len(told), told[0]) == (3, 4, (Location(FAST, "1", 1), FAILS))
    assert (await left.retry(), left.waiting) == (0, 3)
    stores[SLOW].errors.clear()
    assert (await left.retry(), left.waiting) == (2, 1)
    # More than are remembered are a check's to find.
    assert ([*stores[FAST].objects], [*stores[SLOW].objects]) == (["1", "2", "3"], ["3"])
    stores[FAST].errors.clear()
    assert (await left.retry(), left.waiting, len(told)) == (1, 0, 4)
    assert await left.retry() == 0


async def purged_but_stuck(archive: TwoStores, error: Exception) -> None:
    """One of three is purged whose file is not removed; another one is deleted."""
    archive.chosen = SLOW
    for uid in ("1.1", "1.2", "1.3"):
        await archive.put(uid)
    await archive.curation.delete(SCOPE, ["1.1"], "admin", Cause(10))
    archive.slow.errors["delete"] = error
    assert await archive.curation.purge(SCOPE, 11, 9, "pacsd") == 1
    assert len(archive.slow.objects) == 3


@pytest.mark.parametrize("error", [FAILS, KeyError("a defect")], ids=repr)
async def test_a_store_that_removes_nothing_keeps_nobody_from_deciding_or_storing(
    tmp_path: Path, error: Exception
) -> None:
    async with two_stores(tmp_path) as archive:
        told: list[Location] = []
        archive.curation = Curation(
            archive.together,
            FAST,
            archive.index,
            now_us=archive.clock,
            tell_left=lambda location, _: told.append(location),
        )
        await purged_but_stuck(archive, error)
        assert [each.key for each in told] == ["00000001"]
        assert await archive.curation.delete(SCOPE, ["1.2"], "admin", Cause(10)) == 1
        archive.chosen = FAST
        entering = [await archive.file("1.2", restores=True)]
        async with archive.curation.entering(entering) as permitted:
            [verdict] = await archive.index.add(permitted)
        assert verdict.outcome is Outcome.RESTORED
        # Nor does it stop one that is started again.
        assert await archive.another_curation().catch_up() == 0


async def test_what_was_purged_is_never_shown_again_though_its_file_is_still_there(
    tmp_path: Path,
) -> None:
    async with two_stores(tmp_path) as archive:
        await purged_but_stuck(archive, FAILS)
        # As at a start: neither while the store removes nothing nor later.
        assert await adopt(archive.together, FAST, archive.index) == Adopted(stuck=1)
        await anyio.Path(tmp_path / "again").mkdir()
        async with open_index(tmp_path / "again", now_us=archive.clock) as again:
            await rebuild(archive.together, again, ClockOfRebuild(), Nobody())
            assert await again.instances.find(SCOPE, "1.1") is None
            assert await again.instances.find(SCOPE, "1.2") is not None
            assert len(archive.slow.objects) == 3
        archive.slow.errors.clear()
        assert await adopt(archive.together, FAST, archive.index) == Adopted(removed=1)
        assert len(archive.slow.objects) == 2
        assert await archive.index.instances.find(SCOPE, "1.1") is None


@pytest.mark.parametrize("decide", [None, nobody_objects], ids=["by the log", "asked"])
async def test_a_check_removes_what_was_purged(tmp_path: Path, decide: Decide | None) -> None:
    async with two_stores(tmp_path) as archive:
        await purged_but_stuck(archive, FAILS)
        for kind in ("not removed", "removed"):
            found: list[Finding] = []
            await Check(
                archive.together,
                SLOW,
                archive.index,
                archive.index,
                anyio.Lock(),
                now_us=archive.clock,
                decide=lambda: decide,
                found=found.append,
            ).run()
            assert [(each.kind.value, each.key) for each in found] == [(kind, "00000001")]
            archive.slow.errors.clear()
        assert sorted(archive.slow.objects) == ["00000002", "00000003"]
