import pytest

from pacsd.index.index import Index
from pacsd.jobs.log_reading import REBUILT, Beginnings, position
from tests.index.made import SCOPE, new
from tests.jobs.working import Seen


async def rebuilt(index: Index) -> None:
    await index._threads.write(
        lambda session: session.connection.exec_driver_sql("UPDATE meta SET value = 'rebuilt'")
    )


@pytest.mark.parametrize("at_first", [True, False])
async def test_who_is_new_begins_where_it_wishes_and_stays(index: Index, at_first: bool) -> None:
    await index.add([new("1.1")])
    newest = (await index.changes.page(SCOPE)).changes[-1].number
    seen, beginnings = Seen(), Beginnings(at_first, again_at_first=True)
    expected = 0 if at_first else newest
    assert await position(index, SCOPE, "route", beginnings, seen) == expected
    await index.add([new("1.2")])
    assert await position(index, SCOPE, "route", beginnings, seen) == expected
    await index.changes.move_cursor(SCOPE, "route", 7)
    assert await position(index, SCOPE, "route", beginnings, seen) == 7
    assert seen.again == []


@pytest.mark.parametrize("at_first", [True, False])
async def test_in_another_epoch_it_begins_again_and_says_so(index: Index, at_first: bool) -> None:
    await index.add([new("1.1")])
    newest = (await index.changes.page(SCOPE)).changes[-1].number
    await index.changes.move_cursor(SCOPE, "route", newest)
    await rebuilt(index)
    seen, beginnings = Seen(), Beginnings(new_at_first=False, again_at_first=at_first)
    expected = 0 if at_first else newest
    assert await position(index, SCOPE, "route", beginnings, seen) == expected
    assert seen.again == [("route", REBUILT)]
    assert await position(index, SCOPE, "route", beginnings, seen) == expected
    assert len(seen.again) == 1
