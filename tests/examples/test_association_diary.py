from pathlib import Path

import pytest

from contrib.examples.association_diary.pacsd_association_diary import (
    AssociationDiary,
    AssociationDiarySettings,
)
from pacsd.api.errors import HookError
from pacsd.testing.fake_host import fake_host
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import association_closed


def plugin(folder: Path) -> AssociationDiary:
    return AssociationDiary(fake_host(folder), AssociationDiarySettings(folder=folder))


def written(folder: Path) -> list[str]:
    return [line for file in sorted(folder.iterdir()) for line in file.read_text().splitlines()]


async def test_a_line_for_each_association(tmp_path: Path) -> None:
    tested = plugin(tmp_path)
    assert tested.check() == []
    for closed in (association_closed(), association_closed(calling_ae="M\xdc\nLLER")):
        await call_hook(tested, "pacsd_association_closed", closed=closed)
    first, second = [line.partition(", ")[2] for line in written(tmp_path)]
    assert first == "'CT1' at 192.0.2.7, called 'PACSD', 2.5 s, released"
    assert second.startswith(r"'M\xdc\nLLER' at")


async def test_without_its_folder_it_says_so(tmp_path: Path) -> None:
    tested = plugin(tmp_path / "missing")
    assert tested.check() == [f"folder: there is no {tmp_path / 'missing'}"]
    with pytest.raises(HookError, match="FileNotFoundError"):
        await call_hook(tested, "pacsd_association_closed", closed=association_closed())
