from pathlib import Path

import anyio

from pacsd.index.index import Index, open_index
from pacsd.index.records import AuditEntry, ChangeKind, Scope
from tests.index.made import SCOPE, Clock, new


async def test_changes_come_in_the_order_of_commits(index: Index) -> None:
    for number in range(3):
        await index.add([new(f"{number}.1"), new(f"{number}.2")])
    first = await index.changes.page(SCOPE, limit=4)
    rest = await index.changes.page(SCOPE, after=first.changes[-1].number)
    numbers = [each.number for each in first.changes + rest.changes]
    assert numbers == sorted(numbers)
    assert len(numbers) == 6
    assert first.epoch == rest.epoch != ""
    assert (await index.changes.page(SCOPE, after=numbers[-1])).changes == ()


async def test_a_change_says_what_it_is_about(index: Index) -> None:
    stored, held = await index.add([new("1.1"), new("1.2", patient_id="P2")])
    first, second = (await index.changes.page(SCOPE)).changes
    assert (first.kind, first.instance) == (ChangeKind.STORED, stored.instance)
    assert None not in {first.study, first.series}
    assert (second.kind, second.instance, second.study) == (ChangeKind.HELD, held.instance, None)


async def test_changes_of_others_are_not_seen(index: Index) -> None:
    await index.add([new("1.1"), new("9.1", study="9", series="9.0")])
    seen = await index.changes.page(Scope(1, frozenset({"9"})))
    assert len(seen.changes) == 1
    assert (await index.changes.page(Scope(2))).changes == ()


async def test_a_consumer_goes_on_where_it_was(tmp_path: Path) -> None:
    async with open_index(tmp_path, now_us=Clock()) as index:
        assert await index.changes.cursor(SCOPE, "route") == 0
        await index.changes.move_cursor(SCOPE, "route", 7)
        await index.changes.move_cursor(SCOPE, "route", 9)
    async with open_index(tmp_path, now_us=Clock()) as index:
        assert await index.changes.cursor(SCOPE, "route") == 9
        assert await index.changes.cursor(SCOPE, "hooks") == 0
        assert await index.changes.cursor(Scope(2), "route") == 0


async def test_another_epoch_is_begun_from_the_start(index: Index) -> None:
    await index.changes.move_cursor(SCOPE, "route", 7)
    await index._threads.write(
        lambda session: session.connection.exec_driver_sql("UPDATE meta SET value = 'rebuilt'")
    )
    assert await index.changes.cursor(SCOPE, "route") == 0
    assert (await index.changes.page(SCOPE)).epoch == "rebuilt"


async def test_who_waits_is_told_of_commits_that_add_changes(index: Index) -> None:
    commits = index.changes.commits
    await index.audit(SCOPE, AuditEntry("test", "look", "done"))
    await index.changes.move_cursor(SCOPE, "route", 7)
    assert index.changes.commits == commits
    with anyio.fail_after(15):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(index.changes.more, commits)
            await anyio.wait_all_tasks_blocked()
            await index.add([new("1.1")])
    with anyio.fail_after(15):
        await index.changes.more(commits)
    commits = index.changes.commits
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(index.changes.more, commits)
        await anyio.wait_all_tasks_blocked()
        await index.instances.delete(SCOPE, ["1.1"], "test")
    assert (await index.changes.told(SCOPE, 0, 10)).changes[-1].kind is ChangeKind.DELETED
