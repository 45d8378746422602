from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacsd_store_fs.layout import (
    NUMBERS_PER_DIRECTORY,
    Place,
    is_file_name,
    is_level_name,
    is_partition_name,
    parse_key,
)

PLACES = st.builds(Place, st.integers(1, 999_999_999), st.integers(0, 2**48 - 1))


@given(PLACES)
def test_a_key_names_its_place(place: Place) -> None:
    assert parse_key(place.key) == place


@given(PLACES)
def test_a_key_stays_inside(place: Place) -> None:
    path = PurePosixPath(place.key)
    assert not path.is_absolute()
    assert ".." not in path.parts
    assert str(path.parent) == place.directory


@given(st.lists(PLACES, min_size=2, max_size=2, unique=True))
def test_keys_differ_and_rise_with_numbers(places: list[Place]) -> None:
    first, second = sorted(places)
    assert first.key != second.key
    if first.partition == second.partition:
        assert first.key < second.key


def test_a_directory_holds_4096_consecutive_numbers() -> None:
    directories = [Place(1, number).directory for number in range(3 * NUMBERS_PER_DIRECTORY)]
    assert {directories.count(name) for name in set(directories)} == {4096}


def test_example() -> None:
    assert Place(1, 0x00A01F).key == "1/000/000/00a/01f.dcm"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "1/000/000/00a/01f",
        "1/000/000/00A/01f.dcm",
        "0/000/000/00a/01f.dcm",
        "1/000/00a/01f.dcm",
        "../000/000/00a/01f.dcm",
        "/1/000/000/00a/01f.dcm",
        "1/000/000/00a/01f.dcm\n",
        "1/../000/00a/01f.dcm",
    ],
)
def test_anything_else_is_no_key(key: str) -> None:
    assert parse_key(key) is None


@given(PLACES)
def test_the_parts_of_a_key_are_names_of_ours(place: Place) -> None:
    partition, *levels, file = place.key.split("/")
    assert is_partition_name(partition)
    assert all(map(is_level_name, levels))
    assert is_file_name(file)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "lost+found", ".snapshot", "0", "00A", "1_0", "+1"]
)
def test_other_names_are_not(name: str) -> None:
    assert not is_partition_name(name)
    assert not is_level_name(name)
    assert not is_file_name(name)
