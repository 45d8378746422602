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
