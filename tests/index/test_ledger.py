import pytest

from pacsd.index import covering_deliveries
from pacsd.index.index import Index, open_index
from tests.index.made import SCOPE, Clock, new
from tests.index.ordered import covered, deliveries, jobs, order


async def test_an_order_is_durable_and_its_number_never_given_twice(
    index: Index, clock: Clock, folder: object
) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    async with open_index(folder, now_us=clock) as another:  # type: ignore[arg-type]
        assert await another.ledger.get(SCOPE, entry.id) == entry
        other = await covered(another, order(target="disk"))
    assert other.id > entry.id


async def test_an_order_that_is_broken_off_is_taken_to_its_end_when_repeated(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(covering_deliveries, "TOGETHER", 2)
    await index.add([new(f"1.{number}") for number in range(5)])
    close = covering_deliveries._close

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(covering_deliveries, "_close", broken)
    with pytest.raises(ZeroDivisionError):
        await index.ledger.cover(order())
    [begun] = await deliveries(index)
    assert (begun.waiting, begun.covered, await jobs(index)) == (4, 0, [])
    monkeypatch.setattr(covering_deliveries, "_close", close)
    entry = await covered(index, order())
    assert (entry.id, entry.waiting, entry.covered) == (begun.id, 5, 5)
    assert len(await jobs(index)) == 1
