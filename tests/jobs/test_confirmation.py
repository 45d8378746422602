"""Deliveries to a target whose terms have `commitment`."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from pacsd.api.route_target import Delivery, DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.archive.commitments import Safe, SafeAnswer
from pacsd.index.delivery_records import Commitment, DeliveryState, Item, ItemState
from pacsd.index.index import Index
from pacsd.jobs import confirmation
from pacsd.jobs.confirmation import MOST_TRIED
from pacsd.jobs.outcomes import Dead, Done, Later, Retry
from pacsd.jobs.target_terms import TargetTerms
from tests.index.made import SECOND_US, Clock, new
from tests.index.ordered import deliveries, order
from tests.jobs.test_deliveries import DAY_US, Desk, Keeper, Tape

DELIVERED, REFUSED, AGAIN = DeliveryOutcome
TERMS = TargetTerms(name="peer:TAPE", commitment=True)
NOT_YET = "sent, but not said to be kept: no result"


def desk_of(index: Index, clock: Clock, tape: Tape) -> Desk:
    return Desk(index, clock, tape, TERMS)


async def item(desk: Desk, uid: str) -> Item:
    [entry] = await deliveries(desk.index)
    return {each.sop_instance_uid: each for each in await desk.index.ledger.items(entry.id)}[uid]


async def test_it_is_delivered_once_its_target_says_that_it_keeps_it(
    index: Index, clock: Clock
) -> None:
    tape = Tape()
    desk = desk_of(index, clock, tape)
    job = await desk.order("1.1", "1.2")
    assert await desk.run(job) == Done("2 instances delivered")
    assert tape.sent == [["1.1", "1.2"]]
    [asked] = desk.keeper.asked
    assert [each.sop_instance_uid for each in asked.instances] == ["1.1", "1.2"]
    one = await item(desk, "1.1")
    assert (one.state, one.status, one.attempts) == (ItemState.DELIVERED, "0000", 1)
    assert one.commitment is Commitment.COMMITTED
    assert 0 < one.sent_at_us < one.committed_at_us
    [told] = desk.told
    assert (told.outcome, told.delivered) == (DELIVERED, 2)


async def test_what_is_not_answered_is_asked_again_and_not_sent_again(
    index: Index, clock: Clock
) -> None:
    tape = Tape()
    desk = desk_of(index, clock, tape)
    desk.keeper.says = {"1.1": Keeper.answer("1.1", Safe.UNKNOWN, "no result"), "1.2": None}
    job = await desk.order("1.1", "1.2")
    waits_s = []
    for _ in range(4):
        outcome = await desk.run(job)
        assert isinstance(outcome, Later)
        assert outcome.after_s is not None
        waits_s.append(round(outcome.after_s))
        clock.us += int(outcome.after_s) * SECOND_US
    assert waits_s == [60, 60, 120, 240]
    clock.us += 600 * SECOND_US
    assert await desk.run(job) == Later("sent, but not said to be kept: nothing is said of it", 600)
    entry = await desk.entry(job)
    assert (entry.state, entry.waiting) == (DeliveryState.OPEN, 2)
    assert entry.explanation.startswith("sent, but not said to be kept: ")
    assert (await item(desk, "1.1")).attempts == 1
    desk.keeper.says = {}
    assert await desk.run(job) == Done("2 instances delivered")
    assert tape.sent == [["1.1", "1.2"]]
    assert len(desk.told) == 1


async def test_what_comes_meanwhile_is_sent(index: Index, clock: Clock) -> None:
    tape = Tape()
    desk = desk_of(index, clock, tape)
    desk.keeper.says = {"1.1": Keeper.answer("1.1", Safe.UNKNOWN, "no result")}
    job = await desk.order("1.1")
    assert await desk.run(job) == Later(NOT_YET, 60)
    await index.add([new("1.2")])
    await index.ledger.cover(order())
    assert await desk.run(job) == Later(NOT_YET, 60)
    assert tape.sent == [["1.1"], ["1.2"]]
    entry = await desk.entry(job)
    assert (entry.waiting, entry.delivered) == (1, 1)


async def test_what_is_not_kept_is_sent_again_and_at_last_refused(
    index: Index, clock: Clock
) -> None:
    tape = Tape()
    desk = desk_of(index, clock, tape)
    desk.keeper.says = {"1.1": Keeper.answer("1.1", Safe.FAILED, "0112 no such instance")}
    job = await desk.order("1.1", "1.2")
    why = "its target does not keep it: 0112 no such instance"
    for attempt in range(1, MOST_TRIED):
        assert await desk.run(job) == Retry(why)
        one = await item(desk, "1.1")
        assert (one.state, one.commitment, one.attempts) == (
            ItemState.WAITING,
            Commitment.FAILED,
            attempt,
        )
    assert await desk.run(job) == Dead(f"1 of 2 instances were refused: {why}")
    assert tape.sent == [["1.1", "1.2"], *[["1.1"]] * (MOST_TRIED - 1)]
    assert (await item(desk, "1.1")).state is ItemState.REFUSED
    assert desk.told[0].outcome is REFUSED


async def test_what_fails_to_be_sent_is_not_asked_after(index: Index, clock: Clock) -> None:
    mixed = DeliveryResult(DELIVERED, exceptions=(InstanceResult("1.1", AGAIN, "busy"),))
    desk = desk_of(index, clock, Tape(mixed))
    job = await desk.order("1.1", "1.2")
    assert await desk.run(job) == Retry("busy")
    [asked] = desk.keeper.asked
    assert [each.sop_instance_uid for each in asked.instances] == ["1.2"]
    assert (await item(desk, "1.1")).commitment is Commitment.NONE


async def test_one_that_is_refused_costs_those_that_are_asked_after_no_attempt(
    index: Index, clock: Clock
) -> None:
    mixed = DeliveryResult(DELIVERED, exceptions=(InstanceResult("1.1", REFUSED, "no"),))
    desk = desk_of(index, clock, Tape(mixed))
    desk.keeper.says = {"1.2": Keeper.answer("1.2", Safe.UNKNOWN, "no result")}
    assert await desk.run(await desk.order("1.1", "1.2")) == Later(NOT_YET, 60)


async def test_what_is_gone_since_cannot_be_asked_after(index: Index, clock: Clock) -> None:
    desk = desk_of(index, clock, Tape())
    desk.keeper.says = {"1.1": None}
    job = await desk.order("1.1", "1.2")
    assert isinstance(await desk.run(job), Later)
    desk.here.gone = ("1.1",)
    outcome = await desk.run(job)
    assert isinstance(outcome, Dead)
    assert outcome.reason.startswith("1 of 2 instances were refused: sent, and not here any more")
    one = await item(desk, "1.1")
    assert (one.state, one.commitment) == (ItemState.REFUSED, Commitment.AWAITED)
    assert one.sent_at_us > 0
    assert "not here any more before its target said" in one.explanation


async def test_where_nobody_asks_any_more_the_answer_to_its_sending_counts(
    index: Index, clock: Clock
) -> None:
    tape = Tape()
    desk = desk_of(index, clock, tape)
    desk.keeper.says = {"1.1": None}
    job = await desk.order("1.1", "1.2")
    assert isinstance(await desk.run(job), Later)
    other = Desk(index, clock, tape)
    assert await other.run(replace(job, lease_token=job.lease_token + 9)) == Done(
        "2 instances delivered"
    )
    assert tape.sent == [["1.1", "1.2"]]
    one = await item(desk, "1.1")
    assert (one.state, one.status, one.commitment) == (
        ItemState.DELIVERED,
        "0000",
        Commitment.NONE,
    )


async def test_patience_begins_with_the_sending(index: Index, clock: Clock) -> None:
    desk = desk_of(index, clock, Tape())
    desk.keeper.says = {"1.1": Keeper.answer("1.1", Safe.UNKNOWN, "no result")}
    job = await desk.order("1.1")
    clock.us += 40 * DAY_US
    assert await desk.run(job) == Later(NOT_YET, 60)


async def test_what_comes_while_it_is_asked_is_sent_at_once(index: Index, clock: Clock) -> None:
    tape = Tape()
    desk = desk_of(index, clock, tape)
    desk.keeper.says = {"1.1": Keeper.answer("1.1", Safe.UNKNOWN, "no result")}
    job = await desk.order("1.1")
    confirm = desk.keeper.confirm

    async def late(
        delivery: Delivery, sent_ago_s: Mapping[str, float], wait_s: float, /
    ) -> Mapping[str, SafeAnswer]:
        await index.add([new("1.2")])
        await index.ledger.cover(order())
        return await confirm(delivery, sent_ago_s, wait_s)

    desk.keeper.confirm = late  # type: ignore[method-assign]
    assert await desk.run(job) == Later("more of it has come", 0.0)


async def test_who_never_says_anything_is_given_up(index: Index, clock: Clock) -> None:
    desk = desk_of(index, clock, Tape())
    desk.keeper.says = {"1.1": Keeper.answer("1.1", Safe.UNKNOWN, "no result")}
    job = await desk.order("1.1")
    assert await desk.run(job) == Later(NOT_YET, 60)
    clock.us += 30 * DAY_US + 1
    assert await desk.run(job) == Dead(f"for too long: {NOT_YET}")
    assert (await desk.entry(job)).state is DeliveryState.GIVEN_UP
    assert desk.told[0].outcome is AGAIN


async def test_many_are_asked_after_page_by_page(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirmation, "PAGE", 2)
    desk = desk_of(index, clock, Tape())
    desk.keeper.says = {"1.1": None}
    job = await desk.order(*(f"1.{number}" for number in range(5)))
    assert isinstance(await desk.run(job), Later)
    assert [len(each.instances) for each in desk.keeper.asked] == [2, 2, 1]
    entry = await desk.entry(job)
    assert (entry.waiting, entry.delivered) == (1, 4)
