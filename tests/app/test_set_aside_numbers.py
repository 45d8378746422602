from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.app import set_aside_numbers
from pacsd.app.set_aside_numbers import SetAside, SetAsideNumbers
from tests.archive.small_archive import SmallArchive, small_archive


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        await made.put("1.1")
        yield made


async def test_a_version_is_known_by_how_it_came_once(archive: SmallArchive) -> None:
    numbers = SetAsideNumbers(archive.index)
    other, stored = await archive.file("1.1", "another"), await archive.file("1.2")
    await numbers.add([other, stored])
    [version] = await archive.versions()
    assert numbers.take(other.reception) == SetAside("1.1", version.id)
    assert numbers.take(other.reception) is None
    assert numbers.take(stored.reception) is None


async def test_a_held_instance_has_its_own_number(archive: SmallArchive) -> None:
    numbers = SetAsideNumbers(archive.index)
    held = await archive.file("1.2", "", {"PatientID": "SOMEBODY-ELSE"})
    await numbers.add([held])
    assert numbers.take(held.reception) == SetAside("1.2", (await archive.instance("1.2")).id)


async def test_two_that_came_alike_are_told_apart(archive: SmallArchive) -> None:
    numbers = SetAsideNumbers(archive.index)
    await archive.put("1.2")
    first, second = await archive.file("1.1", "another"), await archive.file("1.2", "another")
    second = replace(second, reception=replace(first.reception))
    await numbers.add([first, second])
    found = numbers.take(second.reception)
    assert found is not None
    assert found.sop_instance_uid == "1.2"


async def test_it_takes_little_memory(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_aside_numbers, "MAX_REMEMBERED", 1)
    numbers = SetAsideNumbers(archive.index)
    files = [await archive.file("1.1", comments) for comments in ("another", "a third one")]
    await numbers.add(files)
    assert [numbers.take(each.reception) is None for each in files] == [True, False]
