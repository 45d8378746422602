from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import ObjectPage
from pacsd.archive.check import Check
from pacsd.archive.check_records import CheckProgress, CheckTally, Finding, FindingKind
from pacsd.archive.extra_tags import ExtraTags, TaggingRegister
from pacsd.archive.pace import Pace
from pacsd.archive.stored_file import read_stored
from pacsd.archive.stores import StoresTogether
from pacsd.dicom.level import Level
from pacsd.index.records import CopyCheck, CopyState, Outcome
from tests.archive.stored import NOW_US, SCOPE, STORE, Stored, content, stored
from tests.archive.two_stores import FAST, SLOW, two_stores


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Stored]:
    async with stored(tmp_path) as opened:
        yield opened


def check_of(archive: Stored, *, with_digests: bool = False, is_in_use: bool = True) -> Check:
    return Check(
        archive.store,
        STORE,
        archive.index,
        archive.index,
        anyio.Lock(),
        now_us=lambda: NOW_US,
        with_digests=with_digests,
        is_in_use=is_in_use,
    )


async def checked(
    archive: Stored, *, with_digests: bool = False, is_in_use: bool = True
) -> CheckProgress:
    check = check_of(archive, with_digests=with_digests, is_in_use=is_in_use)
    await check.run()
    return check.progress()


async def states(archive: Stored) -> list[CopyState]:
    return [copy.state for copy in (await archive.copies()).values()]


async def test_where_all_is_well_nothing_is_found(archive: Stored) -> None:
    await archive.add(*map(content, range(7)), content(1, "another version"))
    progress = await checked(archive)
    assert (progress.expected_rows, progress.rows, progress.files) == (8, 8, 8)
    assert progress.counts == {}
    assert (progress.verified, progress.read_bytes) == (0, 0)


async def test_with_digests_all_is_read_and_marked(archive: Stored) -> None:
    await archive.add(*map(content, range(7)), content(1, "another version"))
    progress = await checked(archive, with_digests=True)
    assert progress.counts == {}
    assert progress.verified == 8
    assert progress.read_bytes > 8 * 100
    assert {copy.verified_at_us for copy in (await archive.copies()).values()} == {NOW_US}


async def test_a_row_without_a_file_is_marked(archive: Stored) -> None:
    keys = await archive.add(*map(content, range(7)))
    for key in (keys[0], keys[3], keys[6]):
        del archive.store.objects[key]
    progress = await checked(archive)
    assert progress.counts == {"missing": 3}
    assert [finding.key for finding in progress.findings] == [keys[0], keys[3], keys[6]]
    assert (await states(archive)).count(CopyState.MISSING) == 3


async def test_a_file_that_came_back_loses_its_mark(archive: Stored) -> None:
    (key,) = await archive.add(content(1))
    file = archive.store.objects.pop(key)
    await checked(archive)
    archive.store.objects[key] = file
    assert (await checked(archive)).counts == {"good again": 1}
    assert (await checked(archive)).counts == {}


async def test_a_file_of_the_wrong_size_is_marked_without_reading_it(archive: Stored) -> None:
    keys = await archive.add(content(1), content(2))
    archive.store.objects[keys[0]] += b"x"
    archive.store.objects[keys[1]] = archive.store.objects[keys[1]][:-1]
    progress = await checked(archive)
    assert progress.counts == {"wrong size": 2}
    assert progress.read_bytes == 0
    assert await states(archive) == [CopyState.DAMAGED] * 2


async def test_one_bit_is_found_with_digests_only(archive: Stored) -> None:
    keys = await archive.add(*map(content, range(5)))
    archive.damage(keys[2])
    assert (await checked(archive)).counts == {}
    progress = await checked(archive, with_digests=True)
    assert (progress.counts, progress.verified) == ({"damaged": 1}, 4)
    assert await states(archive) == [CopyState.OK] * 2 + [CopyState.DAMAGED] + [CopyState.OK] * 2


async def test_versions_in_quarantine_are_looked_at_too(archive: Stored) -> None:
    _, second, third = await archive.add(*(content(1, each) for each in ("", "one", "two")))
    del archive.store.objects[second]
    archive.damage(third)
    progress = await checked(archive, with_digests=True)
    assert progress.counts == {"version missing": 1, "version damaged": 1}
    numbers = [each.id for each in await archive.index.quarantine.page(SCOPE)]
    assert [finding.number for finding in progress.findings] == numbers


async def test_a_file_without_a_row_gets_the_tags_that_a_user_chose(archive: Stored) -> None:
    comments = await archive.index.extra_tags.choose(SCOPE, Level.INSTANCE, 0x00204000, "LT", "")
    await archive.file(content(1, comments="seen twice"))
    await archive.add(*map(content, range(2, 6)))
    register = TaggingRegister(archive.index, ExtraTags([comments]))
    check = Check(
        archive.store, STORE, archive.index, register, anyio.Lock(), now_us=lambda: NOW_US
    )
    await check.run()
    stats = await archive.index.stats(SCOPE)
    assert stats.rows["extra_value"] == 1


async def test_a_file_without_a_row_is_indexed(archive: Stored) -> None:
    location = await archive.file(content(1))
    await archive.add(*map(content, range(2, 6)))
    found: list[Finding] = []
    check = Check(
        archive.store,
        STORE,
        archive.index,
        archive.index,
        anyio.Lock(),
        now_us=lambda: NOW_US,
        found=found.append,
    )
    await check.run()
    assert found == [Finding(FindingKind.ADOPTED, location.key, None, store=STORE)]
    assert location.key in await archive.copies()
    assert (await checked(archive)).counts == {}


async def test_a_file_stored_twice_goes_when_the_other_one_is_good(archive: Stored) -> None:
    twice = await archive.file(content(1))
    await archive.add(content(1), content(2))
    assert (await checked(archive)).counts == {"removed": 1}
    assert twice.key not in archive.store.objects


@pytest.mark.parametrize("harm", ["lost", "damaged"])
async def test_a_file_stored_twice_repairs_the_other_one_if_that_is_bad(
    archive: Stored, harm: str
) -> None:
    twice = await archive.file(content(1))
    bad, _ = await archive.add(content(1), content(2))
    if harm == "lost":
        del archive.store.objects[bad]
    else:
        archive.damage(bad)
    progress = await checked(archive)
    word = "missing" if harm == "lost" else "damaged"
    assert progress.counts == {word: 1, "indexed": 1}
    copies = await archive.copies()
    assert (copies[twice.key].state, bad in copies) == (CopyState.OK, False)
    assert bad not in archive.store.objects
    assert (await checked(archive, with_digests=True)).counts == {}


async def test_a_version_stored_twice_goes_when_the_other_one_is_good(archive: Stored) -> None:
    twice = await archive.file(content(1, "another"))
    await archive.add(content(1), content(1, "another"))
    assert (await checked(archive)).counts == {"removed": 1}
    assert twice.key not in archive.store.objects


async def test_a_version_whose_other_file_is_lost_is_kept(archive: Stored) -> None:
    twice = await archive.file(content(1, "another"))
    _, lost, _ = await archive.add(content(1), content(1, "another"), content(2))
    del archive.store.objects[lost]
    assert (await checked(archive)).counts["kept"] == 1
    assert twice.key in archive.store.objects


async def test_other_content_of_a_deleted_instance_is_kept(archive: Stored) -> None:
    left = await archive.file(content(1, "another"))
    await archive.add(content(1), content(2))
    await archive.index.instances.delete(SCOPE, ["1.2.3.1"], "test")
    assert (await checked(archive)).counts == {"kept": 1}
    assert left.key in archive.store.objects


async def test_what_nobody_understands_stays(archive: Stored) -> None:
    junk = await archive.file(b"junk")
    await archive.add(content(1))
    assert (await checked(archive)).counts == {"unreadable": 1}
    assert junk.key in archive.store.objects


async def test_many_files_without_rows(archive: Stored) -> None:
    for number in range(150):
        await archive.file(content(number))
    await archive.add(content(1_000))
    assert (await checked(archive)).counts == {"indexed": 150}


async def test_files_behind_the_last_known_one_are_left_to_those_who_store_them(
    archive: Stored,
) -> None:
    await archive.add(content(1))
    await archive.file(content(2))
    progress = await checked(archive)
    assert (progress.counts, progress.left_alone) == ({}, 1)
    assert (await checked(archive, is_in_use=False)).counts == {"indexed": 1}


async def test_a_store_whose_index_is_empty(archive: Stored) -> None:
    for number in range(4):
        await archive.file(content(number))
    assert (await checked(archive)).left_alone == 4
    assert (await checked(archive, is_in_use=False)).counts == {"indexed": 4}


async def test_what_is_indexed_after_the_listing_is_no_stranger(
    archive: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another task indexes a file between the page of rows and the page of files."""
    early = await archive.file(content(1))
    await archive.add(content(2))
    list_page, add = archive.store.list, archive.index.add
    counted = []

    async def late(cursor: str | None = None) -> ObjectPage:
        await add([await read_stored(archive.store, early)])
        return await list_page(cursor)

    async def counting(group: list[object]) -> list[object]:
        counted.extend(group)
        return []

    check = check_of(archive)
    monkeypatch.setattr(archive.index, "add", counting)
    monkeypatch.setattr(archive.store, "list", late)
    rows = check._copies()
    monkeypatch.setattr(check, "_copies", lambda: rows)
    assert (await anext(rows)).key != early.key
    await check.run()
    assert counted == []
    assert check.progress().counts == {}


async def test_a_copy_replaced_while_it_is_looked_at_is_not_told(archive: Stored) -> None:
    (old,) = await archive.add(content(1))
    (copy,) = (await archive.copies()).values()
    del archive.store.objects[old]
    check = check_of(archive)
    row = await anext(check._copies())
    bad = CopyCheck(copy.instance, copy.location, CopyState.MISSING, 1)
    await archive.index.copies.mark(SCOPE, [bad])
    location = await archive.file(content(1))
    (verdict,) = await archive.index.add([await read_stored(archive.store, location)])
    assert verdict.outcome is Outcome.REPAIRED
    await check._look_at_row(row, None)
    assert check.progress().counts == {}


async def test_a_version_given_up_while_it_is_looked_at_is_not_told(archive: Stored) -> None:
    _, version = await archive.add(content(1), content(1, "another"))
    del archive.store.objects[version]
    check = check_of(archive)
    row = await anext(check._versions())
    await archive.index.quarantine.discard(SCOPE, row.version, "test")
    await check._look_at_row(row, None)
    assert check.progress().counts == {}


async def test_a_file_gone_before_it_could_be_read_is_nothing(archive: Stored) -> None:
    gone = await archive.file(content(1))
    await archive.add(content(2))
    check = check_of(archive)
    check._strangers.append(gone)
    del archive.store.objects[gone.key]
    await check.run()
    assert check.progress().counts == {}


async def test_good_copies_are_marked_as_they_come(
    archive: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pacsd.archive.check._MARKED_TOGETHER", 2)
    await archive.add(*map(content, range(5)))
    assert (await checked(archive, with_digests=True)).verified == 5
    assert {copy.verified_at_us for copy in (await archive.copies()).values()} == {NOW_US}


async def test_it_can_be_cancelled(archive: Stored) -> None:
    await archive.add(*map(content, range(5)))
    check = Check(
        archive.store,
        STORE,
        archive.index,
        archive.index,
        anyio.Lock(),
        now_us=lambda: NOW_US,
        with_digests=True,
        pace=Pace(1),
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(check.run)
        while not check.progress().read_bytes:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert check.progress().rows == 1


async def test_a_store_that_removes_nothing_ends_it(archive: Stored) -> None:
    await archive.file(content(1))
    await archive.add(content(1), content(2))
    archive.store.errors["delete"] = StoreError(StoreFault.READ_ONLY, "test")
    with pytest.raises(StoreError):
        await checked(archive)


async def test_each_of_two_stores_is_checked_and_no_other(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as archive:
        for name, uid in ((FAST, "1.1"), (SLOW, "1.2"), (SLOW, "1.3")):
            archive.chosen = name
            await archive.put(uid)
        await archive.file("1.4")
        await archive.put("1.5")
        await archive.slow.delete((await archive.instance("1.2")).copies[0].location)
        tally = CheckTally()
        for name in (FAST, SLOW):
            check = Check(
                archive.together,
                name,
                archive.index,
                archive.index,
                anyio.Lock(),
                now_us=lambda: NOW_US,
                tally=tally,
            )
            await check.run()
        progress = tally.progress()
        assert (progress.expected_rows, progress.rows, progress.files) == (4, 4, 4)
        assert [(each.kind, each.store, each.key) for each in progress.findings] == [
            (FindingKind.MISSING, SLOW, "00000001"),
            (FindingKind.ADOPTED, SLOW, "00000003"),
        ]
        # Without the other store nothing of it is looked at, and nothing found missing.
        alone = Check(
            StoresTogether({FAST: archive.fast}),
            FAST,
            archive.index,
            archive.index,
            anyio.Lock(),
            now_us=lambda: NOW_US,
            with_digests=True,
        )
        await alone.run()
        assert (alone.progress().rows, alone.progress().counts) == (1, {})
