from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.archive import safekeeping
from pacsd.archive.pace import Pace
from pacsd.archive.safekeeping import Safekeeping
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.commitment import Reference
from pacsd.index.records import Copy, CopyState, NewInstance, Outcome, StoredInstance
from pacsd.testing.objects import CT_IMAGE_STORAGE
from tests.archive.stored import NOW_US, SCOPE, STORE, Stored, content, stored

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Stored]:
    async with stored(tmp_path) as opened:
        yield opened


class Notebook:
    def __init__(self) -> None:
        self.bad: list[tuple[str, CopyState]] = []

    def bad_copy(self, copy: Copy, state: CopyState, instance: StoredInstance | None) -> None:
        assert instance is not None
        self.bad.append((copy.location.key, state))


def keeping(archive: Stored, notebook: Notebook | None = None, name: str = STORE) -> Safekeeping:
    return Safekeeping(
        archive.store, name, archive.index, Pace(None), notebook or Notebook(), lambda: NOW_US
    )


def references(*numbers: int) -> list[Reference]:
    return [Reference(CT_IMAGE_STORAGE, f"1.2.3.{number}") for number in numbers]


async def judged(archive: Stored, *numbers: int, peer: str = "CT1") -> list[int]:
    return await keeping(archive).judge(references(*numbers), peer)


async def test_what_reads_back_whole_is_committed_and_known_to_be_verified(
    archive: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safekeeping, "TOGETHER", 2)
    await archive.add(*map(content, range(5)))
    assert await judged(archive, *range(5)) == [0] * 5
    assert {copy.verified_at_us for copy in (await archive.copies()).values()} == {NOW_US}


async def test_d47_what_was_never_seen_is_no_such_instance(archive: Stored) -> None:
    await archive.add(content(1))
    assert await judged(archive, 2, 1) == [0x0112, 0]


async def test_d47_another_class_is_a_conflict(archive: Stored) -> None:
    await archive.add(content(1))
    wrong = Reference(MR_IMAGE_STORAGE, "1.2.3.1")
    assert await keeping(archive).judge([wrong], "CT1") == [0x0119]


async def test_d47_what_is_damaged_or_gone_on_disk_is_never_committed(archive: Stored) -> None:
    damaged, _, missing = await archive.add(*map(content, range(3)))
    archive.damage(damaged)
    del archive.store.objects[missing]
    notebook = Notebook()
    tested = keeping(archive, notebook)
    assert await tested.judge(references(0, 1, 2), "CT1") == [0x0110, 0, 0x0110]
    assert notebook.bad == [(damaged, CopyState.DAMAGED), (missing, CopyState.MISSING)]
    states = {key: copy.state for key, copy in (await archive.copies()).items()}
    assert (states[damaged], states[missing]) == (CopyState.DAMAGED, CopyState.MISSING)
    assert await tested.judge(references(0), "CT1") == [0x0110]


async def test_what_was_repaired_is_committed_again(archive: Stored) -> None:
    (key,) = await archive.add(content(1))
    archive.damage(key)
    assert await judged(archive, 1) == [0x0110]
    await archive.add(content(1))
    assert await judged(archive, 1) == [0]


async def test_what_was_deleted_is_not_committed(archive: Stored) -> None:
    await archive.add(content(1))
    await archive.index.instances.delete(SCOPE, ["1.2.3.1"], "ann")
    assert await judged(archive, 1) == [0x0112]


async def test_what_is_deleted_while_it_is_read_is_not_committed(
    archive: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.add(content(1))
    mark = archive.index.copies.mark

    async def marked(*arguments: object) -> int:
        await archive.index.instances.delete(SCOPE, ["1.2.3.1"], "ann")
        return await mark(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(archive.index.copies, "mark", marked)
    assert await judged(archive, 1) == [0x0112]


async def added(archive: Stored, number: int, comments: str = "", **changes: object) -> Outcome:
    location = await archive.file(content(number, comments))
    new: NewInstance = await read_stored(archive.store, location)
    (verdict,) = await archive.index.add([replace(new, **changes)])  # type: ignore[arg-type]
    return verdict.outcome


async def test_what_is_held_is_not_committed(archive: Stored) -> None:
    await archive.add(content(1))
    assert await added(archive, 2, patient_id="SOMEBODY ELSE") is Outcome.HELD
    assert await judged(archive, 1, 2) == [0, 0x0110]


async def test_who_sent_what_lies_in_quarantine_is_promised_nothing(archive: Stored) -> None:
    await archive.add(content(1))
    assert await added(archive, 1, "another version") is Outcome.CONFLICT
    assert await judged(archive, 1) == [0x0110]
    assert await judged(archive, 1, peer="CT2") == [0]


async def test_what_lies_in_a_store_that_is_not_configured_is_neither_promised_nor_lost(
    archive: Stored,
) -> None:
    await archive.add(content(1))
    notebook = Notebook()
    assert await keeping(archive, notebook, "another").judge(references(1), "CT1") == [0x0110]
    assert notebook.bad == []
    assert [copy.state for copy in (await archive.copies()).values()] == [CopyState.OK]
