from pacsd.index.delivery_records import (
    Commitment,
    DeliveryFilter,
    DeliveryState,
    ItemResult,
    ItemState,
)
from pacsd.index.index import Index
from pacsd.index.records import Scope
from tests.index.made import SCOPE, new
from tests.index.ordered import STUDY, covered, deliveries, order


async def test_deliveries_are_listed_by_what_they_are(index: Index) -> None:
    await index.add([new("1.1"), new("9.1", study="9", series="9.0")])
    tape = await covered(index, order())
    disk = await covered(index, order(target="disk"))
    other = await covered(index, order(study_instance_uid="9"))
    await index.ledger.settle(disk.id, 1, [ItemResult("1.1", ItemState.DELIVERED)])
    assert [each.id for each in await deliveries(index)] == [tape.id, disk.id, other.id]
    assert [each.id for each in await deliveries(index, target="disk")] == [disk.id]
    of_study = await deliveries(index, study_instance_uid=STUDY)
    assert [each.id for each in of_study] == [tape.id, disk.id]
    assert [each.id for each in await deliveries(index, state=DeliveryState.OPEN)] == [
        tape.id,
        other.id,
    ]


async def test_pages_begin_behind_a_number(index: Index) -> None:
    await index.add([new("1.1")])
    first = await covered(index, order())
    second = await covered(index, order(target="disk"))
    page = await index.ledger.page(SCOPE, DeliveryFilter(), limit=1)
    assert [each.id for each in page] == [first.id]
    rest = await index.ledger.page(SCOPE, DeliveryFilter(), after=first.id)
    assert [each.id for each in rest] == [second.id]


async def test_who_does_not_see_a_study_sees_no_delivery_of_it(index: Index) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    assert await index.ledger.get(Scope(1, frozenset({STUDY})), entry.id) == entry
    assert await index.ledger.get(Scope(1, frozenset({"9"})), entry.id) is None
    assert await index.ledger.get(Scope(2), entry.id) is None


async def test_what_waits_comes_by_attempts_then_by_arrival(index: Index) -> None:
    await index.add([new(uid) for uid in ("1.9", "1.2", "1.5")])
    entry = await covered(index, order())

    async def waiting(run: int) -> list[str]:
        items = await index.ledger.waiting(entry.id, run, 10)
        return [each.sop_instance_uid for each in items]

    assert await waiting(1) == ["1.9", "1.2", "1.5"]
    await index.ledger.settle(entry.id, 1, [ItemResult("1.9", ItemState.WAITING)])
    assert await waiting(1) == ["1.2", "1.5"]
    assert await waiting(2) == ["1.2", "1.5", "1.9"]
    await index.ledger.settle(entry.id, 1, [ItemResult("1.2", ItemState.DELIVERED)])
    assert await waiting(2) == ["1.5", "1.9"]


async def test_instances_are_listed_by_their_uids(index: Index) -> None:
    await index.add([new(uid) for uid in ("1.9", "1.2", "1.5")])
    entry = await covered(index, order())
    first = await index.ledger.items(entry.id, limit=2)
    assert [each.sop_instance_uid for each in first] == ["1.2", "1.5"]
    rest = await index.ledger.items(entry.id, after="1.5")
    assert [each.sop_instance_uid for each in rest] == ["1.9"]


async def test_what_was_sent_does_not_wait_to_be_sent_but_for_an_answer(index: Index) -> None:
    await index.add([new(uid) for uid in ("1.9", "1.2", "1.5", "1.7")])
    entry = await covered(index, order())
    results = [
        ItemResult("1.9", ItemState.WAITING, commitment=Commitment.AWAITED),
        ItemResult("1.2", ItemState.WAITING, commitment=Commitment.AWAITED),
        ItemResult("1.5", ItemState.WAITING, commitment=Commitment.FAILED),
    ]
    await index.ledger.settle(entry.id, 1, results)
    waiting = await index.ledger.waiting(entry.id, 2, 9)
    assert [each.sop_instance_uid for each in waiting] == ["1.7", "1.5"]
    unconfirmed = await index.ledger.unconfirmed(entry.id)
    assert [each.sop_instance_uid for each in unconfirmed] == ["1.2", "1.9"]
    [last] = await index.ledger.unconfirmed(entry.id, "1.2")
    assert last.sop_instance_uid == "1.9"
    [first] = await index.ledger.unconfirmed(entry.id, limit=1)
    assert first.sop_instance_uid == "1.2"
