from dataclasses import replace

from pacsd.index.delivery_records import Commitment, DeliveryState, ItemResult, ItemState
from pacsd.index.index import Index
from pacsd.index.settling_deliveries import MAX_STATUS_LENGTH
from tests.index.made import SCOPE, SECOND_US, Clock, new
from tests.index.ordered import covered, order

DELIVERED, REFUSED, WAITING = ItemState.DELIVERED, ItemState.REFUSED, ItemState.WAITING


async def test_what_became_of_instances_is_noted(index: Index) -> None:
    await index.add([new(f"1.{number}") for number in range(4)])
    entry = await covered(index, order())
    results = [
        ItemResult("1.0", DELIVERED, "B000", commitment=Commitment.COMMITTED),
        ItemResult("1.1", REFUSED, "A900", "does not match"),
        ItemResult("1.2", WAITING, explanation="busy"),
    ]
    now = await index.ledger.settle(entry.id, 7, results, "busy")
    assert now is not None
    assert (now.state, now.waiting, now.delivered, now.refused) == (DeliveryState.OPEN, 2, 1, 1)
    assert (now.confirmed, now.explanation) == (0, "busy")
    one, two, three, four = await index.ledger.items(entry.id)
    assert (one.state, one.status, one.attempts) == (DELIVERED, "B000", 1)
    assert one.sent_at_us == one.committed_at_us > 0
    assert (two.state, two.explanation, two.sent_at_us) == (REFUSED, "does not match", 0)
    assert (three.state, three.attempts, three.commitment) == (WAITING, 1, Commitment.NONE)
    assert (four.state, four.attempts) == (WAITING, 0)


async def test_once_nothing_waits_it_has_ended(index: Index) -> None:
    await index.add([new("1.1"), new("1.2")])
    entry = await covered(index, order())
    await index.ledger.settle(entry.id, 7, [ItemResult("1.1", REFUSED, "A900", "no")], "no")
    ended = await index.ledger.settle(entry.id, 7, [ItemResult("1.2", DELIVERED)])
    assert ended is not None
    assert (ended.state, ended.confirmed) == (DeliveryState.REFUSED, 5)
    assert ended.explanation == "no"


async def test_what_was_delivered_stays_so(index: Index) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    done = await index.ledger.settle(entry.id, 7, [ItemResult("1.1", DELIVERED, "0000")], "")
    assert done is not None
    assert (done.state, done.explanation) == (DeliveryState.DELIVERED, "")
    again = await index.ledger.settle(entry.id, 8, [ItemResult("1.1", WAITING, "", "late")])
    assert again is not None
    assert replace(again, changed_at_us=0) == replace(done, changed_at_us=0)


async def test_what_is_gone_holds_nothing_up(index: Index) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    done = await index.ledger.settle(entry.id, 7, [ItemResult("1.1", ItemState.GONE)])
    assert done is not None
    assert (done.state, done.delivered, done.refused) == (DeliveryState.DELIVERED, 0, 0)


async def test_what_was_moved_meanwhile_is_not_said_to_be_delivered(index: Index) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    await index.ledger.move(SCOPE, entry.id, "disk", "anna")
    left = await index.ledger.settle(entry.id, 7, [ItemResult("1.1", WAITING, "", "busy")], "busy")
    assert left is not None
    assert (left.state, left.explanation) == (DeliveryState.MOVED, "by anna: to disk")
    assert (left.confirmed, left.delivered) == (0, 0)


async def test_a_long_status_is_cut(index: Index) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    await index.ledger.settle(entry.id, 7, [ItemResult("1.1", REFUSED, "x" * 1_000, "\0")])
    [item] = await index.ledger.items(entry.id)
    assert len(item.status) == MAX_STATUS_LENGTH


async def test_given_up_it_is_kept_as_it_is(index: Index) -> None:
    await index.add([new("1.1")])
    entry = await covered(index, order())
    ended = await index.ledger.give_up(entry.id, "down for weeks")
    assert ended is not None
    assert (ended.state, ended.explanation) == (DeliveryState.GIVEN_UP, "down for weeks")
    assert (ended.waiting, ended.confirmed) == (1, 0)


async def test_what_there_is_not_is_not_settled(index: Index) -> None:
    assert await index.ledger.settle(99, 7, [ItemResult("1.1", DELIVERED)]) is None
    assert await index.ledger.give_up(99, "why") is None
    assert await index.ledger.get(SCOPE, 99) is None


async def test_what_was_sent_is_delivered_once_its_target_says_that_it_keeps_it(
    index: Index, clock: Clock
) -> None:
    await index.add([new("1.1"), new("1.2")])
    entry = await covered(index, order())
    asked = [
        ItemResult(uid, WAITING, "0000", commitment=Commitment.AWAITED) for uid in ("1.1", "1.2")
    ]
    now = await index.ledger.settle(entry.id, 7, asked)
    assert now is not None
    assert (now.state, now.waiting, now.delivered) == (DeliveryState.OPEN, 2, 0)
    one, _ = await index.ledger.items(entry.id)
    assert (one.attempts, one.sent_at_us, one.committed_at_us) == (1, clock.us, 0)
    sent_at_us = clock.us
    clock.us += SECOND_US
    said = {"status": "0000", "sent_at_us": sent_at_us, "is_attempt": False}
    results = [
        ItemResult("1.1", DELIVERED, commitment=Commitment.COMMITTED, **said),  # type: ignore[arg-type]
        ItemResult("1.2", WAITING, commitment=Commitment.FAILED),
    ]
    now = await index.ledger.settle(entry.id, 8, results)
    assert now is not None
    assert (now.state, now.waiting, now.delivered) == (DeliveryState.OPEN, 1, 1)
    one, two = await index.ledger.items(entry.id)
    assert (one.state, one.status, one.commitment) == (DELIVERED, "0000", Commitment.COMMITTED)
    assert (one.attempts, one.sent_at_us, one.committed_at_us) == (1, sent_at_us, clock.us)
    assert (two.state, two.commitment, two.sent_at_us) == (WAITING, Commitment.FAILED, 0)
