import pytest

from pacsd.api.route_target import Delivery, DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.index.delivery_records import DeliveryState, ItemState
from pacsd.index.index import Index
from pacsd.jobs import delivery_run
from pacsd.jobs.delivery_results import GONE
from pacsd.jobs.delivery_run import FIRST_PAGE, PAGE, SLICE_S
from pacsd.jobs.outcomes import Done, Later, Retry
from tests.index.made import Clock
from tests.jobs.test_deliveries import TERMS, Desk, Tape

DELIVERED, REFUSED, AGAIN = DeliveryOutcome


async def test_what_waits_is_sent_page_by_page(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_run, "PAGE", 2)
    tape = Tape()
    desk = Desk(index, clock, tape)
    await desk.run(await desk.order(*(f"1.{number}" for number in range(5))))
    assert tape.sent == [["1.0", "1.1"], ["1.2", "1.3"], ["1.4"]]


async def test_no_more_is_sent_together_than_may_be_in_one_slice(
    index: Index, clock: Clock
) -> None:
    tape = Tape()
    desk = Desk(index, clock, tape, TERMS.model_copy(update={"instances_per_second": 0.1}))
    await desk.run(await desk.order(*(f"1.{number}" for number in range(7))))
    assert [len(page) for page in tape.sent] == [3, 3, 1]


async def test_after_a_while_others_have_their_turn(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_run, "PAGE", 1)

    class Slow(Tape):
        async def check(self) -> str | None:
            raise AssertionError

        async def send(self, delivery: object, /) -> DeliveryResult:
            desk.now_s += SLICE_S
            return await super().send(delivery)  # type: ignore[arg-type]

    tape = Slow()
    desk = Desk(index, clock, tape)
    job = await desk.order("1.1", "1.2")
    assert await desk.run(job) == Later("others have their turn", 0.0)
    assert tape.sent == [["1.1"]]
    assert await desk.run(job) == Done("2 instances delivered")


async def test_over_a_slow_line_a_turn_is_no_longer_for_that(index: Index, clock: Clock) -> None:
    class Slow(Tape):
        async def send(self, delivery: Delivery, /) -> DeliveryResult:
            desk.now_s += 0.4 * len(delivery.instances)
            return await super().send(delivery)

    tape = Slow()
    desk = Desk(index, clock, tape)
    job = await desk.order(*(f"1.{number}" for number in range(100)))
    assert await desk.run(job) == Later("others have their turn", 0.0)
    assert SLICE_S <= desk.now_s < SLICE_S + 1
    assert [len(page) for page in tape.sent] == [FIRST_PAGE, 10, 1]


async def test_over_a_fast_line_more_and_more_is_sent_together(index: Index, clock: Clock) -> None:
    tape = Tape()
    desk = Desk(index, clock, tape)
    await desk.run(await desk.order(*(f"1.{number}" for number in range(1_000))))
    assert [len(page) for page in tape.sent] == [64, 128, 256, PAGE, 52]


async def test_one_that_fails_is_tried_last_and_holds_up_no_other(
    index: Index, clock: Clock
) -> None:
    mixed = DeliveryResult(DELIVERED, exceptions=(InstanceResult("1.1", AGAIN, "busy"),))
    tape = Tape(mixed)
    desk = Desk(index, clock, tape)
    job = await desk.order("1.1", "1.2")
    assert await desk.run(job) == Retry("busy")
    assert tape.sent == [["1.1", "1.2"]]
    [item] = await index.ledger.waiting(int(job.payload), 0, 9)
    assert (item.sop_instance_uid, item.attempts) == ("1.1", 1)


class Poisoned(Tape):
    """Fails altogether when it is sent this one, although it works."""

    async def send(self, delivery: object, /) -> DeliveryResult:
        result = await super().send(delivery)  # type: ignore[arg-type]
        if "1.poison" in self.sent[-1] or "1.2" in self.sent[-1]:
            return DeliveryResult(AGAIN, "aborted")
        return result


async def test_one_that_makes_all_fail_is_found(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_run, "PAGE", 8)
    tape = Poisoned()
    desk = Desk(index, clock, tape)
    uids = [f"1.{number}" for number in range(8)]
    job = await desk.order(*uids)
    assert await desk.run(job) == Retry("aborted")
    items = await index.ledger.items(int(job.payload))
    states = {each.sop_instance_uid: each.state for each in items}
    assert states.pop("1.2") is ItemState.WAITING
    assert {*states.values()} == {ItemState.DELIVERED}
    assert [len(page) for page in tape.sent] == [8, 2, 4, 1, 1, 2, 2]


async def test_a_target_that_fails_all_the_time_is_left_for_now(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_run, "MAX_FAILURES", 3)

    class Broken(Tape):
        async def send(self, delivery: object, /) -> DeliveryResult:
            await super().send(delivery)  # type: ignore[arg-type]
            return DeliveryResult(AGAIN, "aborted")

    tape = Broken()
    desk = Desk(index, clock, tape)
    job = await desk.order(*(f"1.{number}" for number in range(8)))
    assert await desk.run(job) == Retry("aborted")
    assert len(tape.sent) == 3


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (OSError("cable"), "OSError: cable"),
        ("yes", "send: str instead of DeliveryResult"),
        (DeliveryResult(AGAIN), "not taken now"),
    ],
)
async def test_p01_what_a_target_does_wrong_is_its_own(
    index: Index, clock: Clock, answer: object, why: str
) -> None:
    desk = Desk(index, clock, Tape(answer))
    job = await desk.order("1.1")
    assert await desk.run(job) == Retry(why)
    assert (await desk.entry(job)).explanation == why


async def test_what_is_not_here_any_more_is_not_sent(index: Index, clock: Clock) -> None:
    tape = Tape()
    desk = Desk(index, clock, tape)
    desk.here.gone = ("1.1", "1.2")
    job = await desk.order("1.1", "1.2", "1.3")
    assert await desk.run(job) == Done("1 instances delivered")
    assert tape.sent == [["1.3"]]
    items = await index.ledger.items(int(job.payload))
    assert [each.state for each in items] == [ItemState.GONE, ItemState.GONE, ItemState.DELIVERED]
    assert items[0].explanation == GONE
    assert (await desk.entry(job)).state is DeliveryState.DELIVERED
