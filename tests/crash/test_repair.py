"""What a disk loses: found by the scrub or a check, repaired by sending the object again."""

import random
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from pacsd.app.checking import make_scrub
from pacsd.app.conf.settings import Config
from pacsd.archive.scrub import Scrub
from pacsd.index.records import ChangeKind, Copy, CopyState, Outcome, Scope
from tests.crash.on_disk import STORE, OnDisk, on_disk


def harm(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "one bit":
        content[-1_000] ^= 1
        path.write_bytes(content)
    elif how == "cut short":
        path.write_bytes(content[:-100])
    elif how == "emptied":
        path.write_bytes(b"")
    else:
        path.unlink()


async def copies(archive: OnDisk) -> list[Copy]:
    return await archive.index.copies.by_location(Scope(), STORE)


async def scrub_once(archive: OnDisk) -> Scrub:
    scrub = make_scrub(Config(), archive.store, archive.index)
    await scrub._scrub_page()
    await scrub.count_bad()
    return scrub


@pytest.mark.parametrize("how", ["one bit", "cut short", "emptied", "gone"])
async def test_a_bad_copy_is_found_by_the_scrub_and_repaired_by_a_good_re_send(
    how: str, tmp_path: Path
) -> None:
    async with on_disk(tmp_path) as archive:
        for number in range(3):
            assert (await archive.send(number, pixel_bytes=10_000)).status == 0x0000
        bad = archive.files()[1]
        harm(bad, how)
        with capture_logs() as captured:
            scrub = await scrub_once(archive)
        [line] = captured
        state = CopyState.MISSING if how == "gone" else CopyState.DAMAGED
        key = str(bad.relative_to(tmp_path / "store/objects"))
        assert (line["key"], line["found"]) == (key, state.name.lower())
        assert scrub.health().bad_copies == {state: 1}

        (instance,) = [copy.instance for copy in await copies(archive) if copy.state is state]
        stored = await archive.index.instances.page(Scope())
        (uid,) = [each.sop_instance_uid for each in stored if each.id == instance]
        outcome = await archive.send(int(uid.rpartition(".")[2]), pixel_bytes=10_000)
        assert (outcome.status, outcome.became) == (0x0000, Outcome.REPAIRED)
        await scrub.count_bad()
        assert scrub.health().bad_copies == {}
        changes = (await archive.index.changes.page(Scope())).changes
        assert [change.kind for change in changes[-2:]] == [
            ChangeKind.COPY_FAILED,
            ChangeKind.REPAIRED,
        ]
    assert not bad.exists()


async def test_other_content_repairs_nothing(tmp_path: Path) -> None:
    async with on_disk(tmp_path) as archive:
        await archive.send(1)
        archive.files()[0].unlink()
        await scrub_once(archive)
        outcome = await archive.send(1, "another")
        assert outcome.became is Outcome.CONFLICT
        (copy,) = await copies(archive)
        assert copy.state is CopyState.MISSING


async def test_the_check_repairs_what_a_file_of_nobody_can_repair(tmp_path: Path) -> None:
    async with on_disk(tmp_path) as archive:
        await archive.send(1)
        good = archive.files()[0]
        await archive.send(2)
        spare = good.parent / "fff.dcm"
        spare.write_bytes(good.read_bytes())
        good.unlink()
        progress = await archive.check(is_in_use=False)
        assert progress.counts == {"missing": 1, "indexed": 1}
        assert (await archive.check(with_digests=True, is_in_use=False)).counts == {}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("with_digests", [False, True])
async def test_a_check_finds_nothing_while_peers_store(with_digests: bool, tmp_path: Path) -> None:
    """New objects, the same again and other versions come and go as it looks."""
    chance = random.Random(7)
    is_over = anyio.Event()
    async with on_disk(tmp_path) as archive:
        found: list[dict[str, int]] = []

        async def store(first: int) -> None:
            for number in range(first, first + 100):
                await archive.send(number)
                again = chance.randrange(first, number + 1)
                await archive.send(again, chance.choice(["", "", "one", "two"]))

        async def check() -> None:
            while not is_over.is_set():
                found.append((await archive.check(with_digests=with_digests)).counts)

        async with anyio.create_task_group() as checks:
            checks.start_soon(check)
            async with anyio.create_task_group() as senders:
                for first in range(0, 400, 100):
                    senders.start_soon(store, first)
            is_over.set()
        assert len(found) > 1
        assert [counts for counts in found if counts] == []
    # What was to be removed is gone once ingest has ended.
    async with on_disk(tmp_path) as archive:
        last = await archive.check(with_digests=True, is_in_use=False)
        assert last.counts == {}
        assert len(await copies(archive)) == 400
        assert last.files == last.rows > 400
