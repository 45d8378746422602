"""What happened told again, of two stores whose keys are the same ones."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from pacsd.archive.retelling import Decisions, merged
from pacsd.archive.state_records import Action, StateRecord, StateRecordError, encode_record
from pacsd.index.records import InstanceState, NewInstance
from tests.archive.answers_of import answers_of
from tests.archive.small_archive import SCOPE
from tests.archive.test_rebuild import Life, again, rebuilt, timeless, timeless_versions
from tests.archive.two_stores import FAST, SLOW, TwoStores, two_stores


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[TwoStores]:
    async with two_stores(tmp_path) as made:
        yield made


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happened_in_two_stores_it_answers_as_before(
    tmp_path: Path, seed: int
) -> None:
    folder = tmp_path / "before"
    await anyio.Path(folder).mkdir()
    async with two_stores(folder, seed) as archive:
        life = Life(archive, seed)
        await life.go_on(150)
        before, after = await answers_of(archive.index), await again(archive, tmp_path)
        assert timeless(after.instances) == timeless(before.instances)
        assert after.held == before.held
        assert timeless_versions(after) == timeless_versions(before)
        assert after.found == before.found
        assert after.corrected == before.corrected
        assert after.deletions == before.deletions
        assert (life.repaired > 0, life.purged > 0) == (True, True)
        stores = {copy.location.store for each in after.instances.values() for copy in each.copies}
        assert stores == {FAST, SLOW}
        assert any(record.seen_elsewhere for record in archive.records())


async def test_a_decision_stands_behind_what_was_there_in_either_store(
    archive: TwoStores, tmp_path: Path
) -> None:
    for store, uid in ((SLOW, "1.1"), (FAST, "1.2"), (SLOW, "1.3")):
        archive.chosen = store
        await archive.put(uid)
    await archive.curation.delete(SCOPE, ["1.1", "1.2"], "admin")
    await archive.put("1.4")
    [first, second] = archive.records()
    assert (first.seen_key, first.seen_elsewhere) == ("00000001", {SLOW: "00000002"})
    assert second.stores == {SLOW}
    async with rebuilt(archive.together, tmp_path / "anew") as (index, _):
        for uid in ("1.1", "1.2", "1.3", "1.4"):
            found = await index.instances.find(SCOPE, uid)
            assert found is not None
            assert (found.state is InstanceState.DELETED) == (uid in {"1.1", "1.2"})


async def test_a_file_nobody_understands_is_named_with_its_store(
    archive: TwoStores, tmp_path: Path
) -> None:
    archive.chosen = SLOW
    archive.damage((await archive.file("1.1")).copy.location)
    async with rebuilt(archive.together, tmp_path / "anew") as (_, found):
        assert found.unreadable == ["slow: 00000001"]


async def test_a_log_about_a_store_that_is_not_there_is_not_told(archive: TwoStores) -> None:
    record = StateRecord(1, "admin", Action.DISCARD, 1, "1.2", b"", "1", store="vault")
    await archive.fast.state_log.append([encode_record(record)])
    for store in (archive.together, archive.fast):
        with pytest.raises(StateRecordError, match="store 'vault', which is not configured"):
            await Decisions.of(store)


async def test_between_decisions_who_began_to_come_first_is_first(archive: TwoStores) -> None:
    files = []
    for number in range(6):
        archive.chosen = (FAST, SLOW)[number % 2]
        files.append(await archive.file(f"1.{number}"))
    decisions = await Decisions.of(archive.together)

    async def stream(some: list[NewInstance]) -> AsyncIterator[list[NewInstance]]:
        yield []
        for each in some:
            yield [each]

    streams = [stream(files[::2]), stream(files[1::2])]
    assert [each async for group in merged(streams, decisions.rank) for each in group] == files
    # Within a store its keys count, whatever the clock said.
    late = [replace(files[0], reception=replace(files[0].reception, received_at_us=2**60))]
    streams = [stream([*late, files[2], files[4]]), stream(files[1::2])]
    told = [each async for group in merged(streams, decisions.rank) for each in group]
    assert [each.sop_instance_uid for each in told] == ["1.1", "1.3", "1.5", "1.0", "1.2", "1.4"]
