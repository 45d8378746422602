from pathlib import Path

import pytest
from pacsd_store_fs.layout import Place
from pacsd_store_fs.numbers import Numbers


def make(objects: Path, *directories: str) -> None:
    for directory in directories:
        (objects / directory).mkdir(parents=True)


def test_begins_at_zero_and_rises(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path)
    assert [numbers.take(1).number for _ in range(3)] == [0, 1, 2]


def test_each_partition_has_its_own(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path)
    assert [numbers.take(1), numbers.take(2), numbers.take(1)] == [(1, 0), (2, 0), (1, 1)]


@pytest.mark.parametrize(
    ("directories", "number"),
    [
        (["1/000/000/000"], 0x001000),
        (["1/000/000/fff"], 0x1000000),
        (["1/000/000/002", "1/000/000/00a", "2/000/000/00c"], 0x00B000),
        (["1/000/00a/000", "1/000/009/fff"], 0x00A001000),
        (["1/000/00a", "1/000/009/fff"], 0x00A001000),
        (["1/001"], 0x001000001000),
        (["1"], 0),
        (["1/lost+found", "1/xyz"], 0),
        (["1/000/000/00a", "1/000/000/zzz"], 0x00B000),
    ],
)
def test_continues_behind_the_highest_directory(
    tmp_path: Path, directories: list[str], number: int
) -> None:
    make(tmp_path, *directories)
    assert Numbers(tmp_path).take(1) == (1, number)


def test_a_restart_without_objects_uses_up_nothing(tmp_path: Path) -> None:
    make(tmp_path, "1/000/000/000")
    assert Numbers(tmp_path).take(1) == Numbers(tmp_path).take(1)


def test_leaves_a_directory(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path)
    place = numbers.take(1)
    numbers.leave_directory(place)
    assert numbers.take(1) == (1, 0x1000)
    numbers.leave_directory(place)
    assert numbers.take(1) == (1, 0x1001)


def test_leaving_an_earlier_directory_does_not_go_back(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path)
    numbers.take(1)
    numbers.leave_directory(Place(1, 5 * 4096))
    numbers.leave_directory(Place(1, 0))
    assert numbers.take(1).number == 6 * 4096
