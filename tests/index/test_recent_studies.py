import pytest

from pacsd.index import recent_studies
from pacsd.index.index import Index
from pacsd.index.records import Scope
from tests.index.made import SCOPE, new


async def uids(index: Index, since_us: int, scope: Scope = SCOPE) -> list[tuple[str, ...]]:
    """The studies of each page."""
    pages = []
    after: int | None = await index.recent_studies.begin(scope, since_us)
    while after is not None:
        page = await index.recent_studies.page(scope, after)
        pages.append(page.study_instance_uids)
        after = page.after
    assert pages.pop() == ()
    return pages


async def fill(index: Index) -> None:
    """Ten instances, one a second, of studies 1.0 to 1.4 twice."""
    for number in range(10):
        study = f"1.{number % 5}"
        await index.add(
            [
                new(
                    f"{study}.1.{number}",
                    study=study,
                    series=f"{study}.1",
                    received_at_us=number * 1_000_000,
                )
            ]
        )


@pytest.mark.parametrize(
    ("since_s", "studies"),
    [(0, "01234"), (4.5, "01234"), (6, "1234"), (9, "4"), (9.5, ""), (-5, "01234")],
)
async def test_studies_that_got_something_since(index: Index, since_s: float, studies: str) -> None:
    await fill(index)
    found = await uids(index, int(since_s * 1_000_000))
    assert found == ([tuple(f"1.{each}" for each in studies)] if studies else [])


async def test_they_come_by_pages(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_studies, "INSTANCES_AT_ONCE", 3)
    await fill(index)
    assert await uids(index, 0) == [
        ("1.0", "1.1", "1.2"),
        ("1.0", "1.3", "1.4"),
        ("1.1", "1.2", "1.3"),
        ("1.4",),
    ]


async def test_what_is_deleted_or_another_partitions_is_not_told(index: Index) -> None:
    assert await uids(index, 0) == []
    await fill(index)
    await index.instances.delete(SCOPE, ["1.4.1.4", "1.4.1.9"], "admin")
    assert await uids(index, 0) == [("1.0", "1.1", "1.2", "1.3")]
    assert await uids(index, 0, Scope(2)) == []
