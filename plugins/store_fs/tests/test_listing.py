from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacsd_store_fs.layout import Place
from pacsd_store_fs.listing import PAGE_OBJECTS, list_page

PLACES = st.builds(
    Place, st.sampled_from([1, 2, 10]), st.sampled_from([0, 1, 2, 4095, 4096, 2**24, 2**36 + 1])
)


def make(objects: Path, *places: Place) -> None:
    for place in places:
        path = objects / place.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def keys(objects: Path, cursor: str | None = None) -> list[str]:
    return [location.key for location in list_page("test", objects, cursor).locations]


@given(st.sets(PLACES, max_size=8), PLACES)
def test_lists_by_partition_and_number_after_the_cursor(
    tmp_path_factory: pytest.TempPathFactory, places: set[Place], cursor: Place
) -> None:
    objects = tmp_path_factory.mktemp("objects")
    make(objects, *places)
    assert keys(objects) == [place.key for place in sorted(places)]
    expected = [place.key for place in sorted(places) if place > cursor]
    assert keys(objects, cursor.key) == expected


def test_pages_hold_a_thousand(tmp_path: Path) -> None:
    make(tmp_path, *(Place(1, number) for number in range(PAGE_OBJECTS + 1)))
    page = list_page("test", tmp_path, None)
    assert len(page.locations) == PAGE_OBJECTS
    assert page.next_cursor == Place(1, PAGE_OBJECTS - 1).key
    rest = list_page("test", tmp_path, page.next_cursor)
    assert [location.key for location in rest.locations] == [Place(1, PAGE_OBJECTS).key]
    assert rest.next_cursor is None


@pytest.mark.parametrize(
    "name", [".snapshot", "lost+found", "stray.txt", "01", "0", "1x", "\u0661"]
)
@pytest.mark.parametrize("where", ["", "1", "1/000/000/000"])
@pytest.mark.parametrize("is_directory", [True, False])
def test_passes_names_that_are_none_of_ours(
    tmp_path: Path, name: str, where: str, *, is_directory: bool
) -> None:
    kept = Place(1, 0), Place(2, 0)
    make(tmp_path, *kept)
    stray = tmp_path / where / name
    if is_directory:
        (stray / "000/000/000").mkdir(parents=True)
    else:
        stray.touch()
    assert keys(tmp_path) == [place.key for place in kept]
    assert keys(tmp_path, kept[0].key) == [kept[1].key]


def test_passes_our_names_on_the_wrong_kind_of_entry(tmp_path: Path) -> None:
    make(tmp_path, Place(1, 0))
    (tmp_path / "3").touch()
    (tmp_path / "1/001").touch()
    (tmp_path / "1/000/000/000/001.dcm").mkdir()
    (tmp_path / "1/000/000/000/002.dcm").symlink_to("000.dcm")
    assert keys(tmp_path) == [Place(1, 0).key]
