from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import insert

from pacsd.dicom.level import Level
from pacsd.index import schema_records
from pacsd.index.change_records import ToldChange
from pacsd.index.index import Index, open_index
from pacsd.index.overlay_records import Correction
from pacsd.index.records import ChangeKind, Scope
from tests.index.made import BEGINNING_US, SCOPE, Clock, new

STUDY, SERIES = "1.2.3", "1.2.3.0"
Uids = tuple[str, str, str]


def uids(changes: Sequence[ToldChange]) -> list[Uids]:
    return [
        (each.study_instance_uid, each.series_instance_uid, each.sop_instance_uid)
        for each in changes
    ]


async def told(index: Index, since: int = 0) -> tuple[ToldChange, ...]:
    return (await index.changes.told(SCOPE, since, 1_000)).changes


async def test_what_is_stored_is_named(index: Index) -> None:
    (verdict,) = await index.add([new("1.1")])
    (change,) = await told(index)
    assert (change.kind, uids([change])) == (ChangeKind.STORED, [(STUDY, SERIES, "1.1")])
    assert (change.instance, change.version) == (verdict.instance, 0)
    assert BEGINNING_US < change.at_us < BEGINNING_US + 1_000


async def test_what_is_held_is_named_as_it_names_itself(index: Index) -> None:
    await index.add([new("1.1"), new("1.2", patient_id="P2", series="1.2.3.9")])
    held = (await told(index))[-1]
    assert (held.kind, uids([held])) == (ChangeKind.HELD, [(STUDY, "1.2.3.9", "1.2")])


async def test_what_is_in_quarantine_is_named_as_long_as_it_lies_there(index: Index) -> None:
    await index.add([new("1.1"), new("1.1", content=b"another")])
    (version,) = await index.quarantine.page(SCOPE)
    quarantined = (await told(index))[-1]
    assert quarantined.kind is ChangeKind.QUARANTINED
    assert (uids([quarantined]), quarantined.version) == ([(STUDY, SERIES, "1.1")], version.id)
    await index.quarantine.discard(SCOPE, version.id, "test")
    discarded = (await told(index))[-1]
    assert (discarded.kind, discarded.version) == (ChangeKind.DISCARDED, version.id)
    assert uids([discarded]) == [("", "", "")]


async def test_what_is_deleted_is_named_until_it_is_purged(index: Index) -> None:
    await index.add([new("1.1"), new("1.2")])
    (first, _) = await index.instances.delete(SCOPE, ["1.1", "1.2"], "test")
    assert [each.kind for each in await told(index)][2:] == [ChangeKind.DELETED] * 2
    assert uids(await told(index))[2:] == [(STUDY, SERIES, "1.1"), (STUDY, SERIES, "1.2")]
    await index.deletions.purge(SCOPE, [first], "test")
    purged = (await told(index))[-1]
    assert (purged.kind, purged.instance) == (ChangeKind.PURGED, first)
    # Its series has another one, so that it is still there.
    assert uids([purged]) == [(STUDY, SERIES, "")]
    (stored,) = [each for each in await told(index) if each.instance == first][:1]
    assert (stored.kind, uids([stored])) == (ChangeKind.STORED, [(STUDY, SERIES, "")])


async def test_of_what_is_purged_to_its_end_the_number_is_left(index: Index) -> None:
    (verdict,) = await index.add([new("1.1")])
    await index.instances.delete(SCOPE, ["1.1"], "test")
    await index.deletions.purge(SCOPE, [verdict.instance], "test")
    changes = await told(index)
    assert {each.instance for each in changes} == {verdict.instance}
    assert uids(changes) == [("", "", "")] * 3


async def test_what_comes_again_under_a_purged_uid_is_another(index: Index) -> None:
    (before,) = await index.add([new("1.1")])
    await index.instances.delete(SCOPE, ["1.1"], "test")
    await index.deletions.purge(SCOPE, [before.instance], "test")
    (after,) = await index.add([new("1.1")])
    *gone, again = await told(index)
    assert again.instance == after.instance != before.instance
    assert uids(gone) == [("", "", "")] * 3
    assert uids([again]) == [(STUDY, SERIES, "1.1")]


@pytest.mark.parametrize(
    ("level", "uid", "expected"),
    [
        (Level.STUDY, STUDY, (STUDY, "", "")),
        (Level.SERIES, SERIES, (STUDY, SERIES, "")),
        (Level.INSTANCE, "1.1", (STUDY, SERIES, "1.1")),
    ],
)
async def test_a_correction_is_named_by_its_level(
    index: Index, level: Level, uid: str, expected: Uids
) -> None:
    await index.add([new("1.1")])
    tag = {Level.STUDY: 0x00081030, Level.SERIES: 0x0008103E, Level.INSTANCE: 0x00200013}[level]
    (correctable,) = await index.overlays.correctable(SCOPE, level, uid)
    corrections = [Correction(level, uid, tag, "7", "test", "why", 1, correctable.sha256)]
    await index.overlays.correct(SCOPE, corrections)
    corrected = (await told(index))[-1]
    assert (corrected.kind, uids([corrected])) == (ChangeKind.CORRECTED, [expected])


async def test_pages_follow_each_other_without_a_gap(index: Index) -> None:
    for number in range(3):
        await index.add([new(f"{number}.1"), new(f"{number}.2")])
    everything = await index.changes.told(SCOPE, 0, 1_000)
    assert (everything.has_more, everything.last) == (False, everything.newest)
    found: list[ToldChange] = []
    since, has_more = 0, True
    while has_more:
        page = await index.changes.told(SCOPE, since, 2)
        assert (page.since, page.newest) == (since, everything.newest)
        found += page.changes
        since, has_more = page.last, page.has_more
    assert tuple(found) == everything.changes
    assert len(found) == 6
    nothing = await index.changes.told(SCOPE, since, 2)
    assert (nothing.changes, nothing.last, nothing.has_more) == ((), since, False)


async def test_from_now_on(index: Index) -> None:
    empty = await index.changes.told(SCOPE, None, 10)
    assert (empty.since, empty.last, empty.newest, empty.changes) == (0, 0, 0, ())
    await index.add([new("1.1")])
    page = await index.changes.told(SCOPE, None, 10)
    assert page.since == page.last == page.newest > 0
    assert page.changes == ()
    await index.add([new("1.2")])
    assert uids(await told(index, page.last)) == [(STUDY, SERIES, "1.2")]


async def test_of_others_nothing_is_told_but_that_they_were_looked_at(index: Index) -> None:
    await index.add([new("1.1"), new("1.2", patient_id="P2")])
    await index.add([new("9.1", study="9", series="9.0"), new("2.1", patient_id="P3")])
    only = Scope(1, frozenset({"9"}))
    page = await index.changes.told(only, 0, 10)
    assert uids(page.changes) == [("9", "9.0", "9.1")]
    assert page.last == page.newest == (await told(index))[-1].number
    assert (await index.changes.told(Scope(2), 0, 10)).changes == ()
    held = await index.changes.told(Scope(1, frozenset({STUDY})), 0, 10)
    assert [each.kind for each in held.changes] == [
        ChangeKind.STORED,
        ChangeKind.HELD,
        ChangeKind.HELD,
    ]


async def test_it_says_what_is_not_kept(index: Index) -> None:
    assert (await index.changes.told(SCOPE, 0, 10)).forgotten == 0
    put = insert(schema_records.meta).values(key=schema_records.FORGOTTEN, value="17")
    await index._threads.write(lambda session: session.connection.execute(put))
    assert (await index.changes.told(SCOPE, 0, 10)).forgotten == 17


async def test_the_epoch_stays_and_a_new_index_has_another(tmp_path: Path) -> None:
    epochs = []
    for folder in ("one", "one", "two"):
        (tmp_path / folder).mkdir(exist_ok=True)
        async with open_index(tmp_path / folder, now_us=Clock()) as index:
            epochs.append((await index.changes.told(SCOPE, 0, 10)).epoch)
    assert epochs[0] == epochs[1] != epochs[2]
