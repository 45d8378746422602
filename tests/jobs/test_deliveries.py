from collections.abc import Mapping, Sequence
from dataclasses import replace

import anyio
import pytest

from pacsd.api.errors import HookError, NotProvided
from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import (
    Delivered,
    Delivery,
    DeliveryOutcome,
    DeliveryResult,
    InstanceResult,
    RouteTarget,
)
from pacsd.archive.commitments import Safe, SafeAnswer
from pacsd.dicom.commitment import Reference
from pacsd.index.covering_deliveries import KIND, MAX_ATTEMPTS
from pacsd.index.delivery_records import DeliveryState, LedgerEntry
from pacsd.index.index import Index
from pacsd.index.job_records import FreePlaces, Job
from pacsd.jobs import deliveries
from pacsd.jobs.deliveries import Deliveries, Targets
from pacsd.jobs.outcomes import Dead, Done, Later, Outcome, Retry
from pacsd.jobs.patience import Patience
from pacsd.jobs.target_gates import TargetGates
from pacsd.jobs.target_terms import TargetTerms
from tests.index.made import SCOPE, SECOND_US, Clock, new
from tests.index.ordered import order

DELIVERED, REFUSED, AGAIN = DeliveryOutcome
QUEUE = "target:tape"
DAY_US = 86_400 * SECOND_US
TERMS = TargetTerms(name="tape:1")


def facts(uid: str) -> InstanceFacts:
    return InstanceFacts(uid, "1.2.840.10008.5.1.4.1.1.2", "1.2.3.0", "1.2.3", "1.2", 9)


class Here:
    """Knows all instances but these."""

    def __init__(self, *gone: str) -> None:
        self.gone = gone

    async def named(self, uids: Sequence[str]) -> Sequence[InstanceFacts]:
        return [facts(uid) for uid in uids if uid not in self.gone]


class Tape:
    """A target that answers so, one answer after the other; an exception is raised."""

    def __init__(self, *answers: object, ill: str | None = None) -> None:
        self.answers = list(answers)
        self.ill = ill
        self.sent: list[list[str]] = []
        self.deliveries: list[Delivery] = []

    async def send(self, delivery: Delivery, /) -> DeliveryResult:
        self.deliveries.append(delivery)
        self.sent.append([each.sop_instance_uid for each in delivery.instances])
        answer = self.answers.pop(0) if self.answers else DeliveryResult(DELIVERED, status="0000")
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[return-value]

    async def check(self) -> str | None:
        return self.ill


class Keeper:
    """Says of instances what it is told to say; of others that it keeps them."""

    def __init__(self) -> None:
        self.says: dict[str, SafeAnswer | None] = {}
        self.asked: list[Delivery] = []

    async def confirm(
        self, delivery: Delivery, sent_ago_s: Mapping[str, float], wait_s: float, /
    ) -> Mapping[str, SafeAnswer]:
        assert wait_s > 0
        assert min(sent_ago_s.values()) >= 0
        self.asked.append(delivery)
        uids = [each.sop_instance_uid for each in delivery.instances]
        said = {uid: self.says.get(uid, self.answer(uid, Safe.COMMITTED)) for uid in uids}
        return {uid: each for uid, each in said.items() if each is not None}

    @staticmethod
    def answer(uid: str, safe: Safe, why: str = "") -> SafeAnswer:
        return SafeAnswer(Reference("1.2.840.10008.5.1.4.1.1.2", uid), safe, why)


class Desk:
    """Deliveries to one target, and what was told of them."""

    def __init__(
        self,
        index: Index,
        clock: Clock,
        target: RouteTarget | Exception,
        terms: TargetTerms = TERMS,
    ) -> None:
        self.index = index
        self.clock = clock
        self.target = target
        self.asked: list[str] = []
        self.told: list[Delivered] = []
        self.here = Here()
        self.now_s = 0.0
        self.runs = 0
        self.keeper = Keeper()
        self.gates = TargetGates(lambda: self.now_s, lambda: 0.0)
        self.tested = Deliveries(
            index.ledger,
            self.here,
            Targets(self._target_of, {"tape": terms}, self.keeper),
            self._tell,
            self.gates,
            Patience(30 * DAY_US, lambda: clock.us, lambda: self.now_s),
        )

    async def _target_of(self, name: str) -> RouteTarget:
        self.asked.append(name)
        if isinstance(self.target, Exception):
            raise self.target
        return self.target

    async def _tell(self, delivered: Delivered) -> None:
        self.told.append(delivered)

    async def order(self, *uids: str) -> Job:
        """Instances of a study shall go to the tape: the job that was claimed for that."""
        await self.index.add([new(uid) for uid in uids])
        await self.index.ledger.cover(order())
        return await self.claim()

    async def claim(self) -> Job:
        [claimed] = (await self.index.jobs.claim([KIND], FreePlaces(1), 1, 60)).jobs
        return claimed

    async def run(self, job: Job, attempt: int = 1) -> Outcome:
        self.runs += 1
        changed = replace(job, attempts=attempt, lease_token=job.lease_token + self.runs)
        return await self.tested.handlers[KIND].run(changed)

    async def entry(self, job: Job) -> LedgerEntry:
        entry = await self.index.ledger.get(SCOPE, int(job.payload))
        assert entry is not None
        return entry


async def test_everything_is_delivered(index: Index, clock: Clock) -> None:
    tape = Tape()
    desk = Desk(index, clock, tape)
    job = await desk.order("1.1", "1.2", "1.3")
    assert await desk.run(job) == Done("3 instances delivered")
    assert tape.sent == [["1.1", "1.2", "1.3"]]
    [first] = tape.deliveries
    assert (first.target, first.rule, first.reason) == ("tape", "all CT", "rule all CT")
    assert (first.attempt, first.study_instance_uid) == (1, "1.2.3")
    entry = await desk.entry(job)
    assert (entry.state, entry.confirmed) == (DeliveryState.DELIVERED, 5)
    items = await index.ledger.items(entry.id)
    assert {each.status for each in items} == {"0000"}
    said = ("tape", "all CT", "rule all CT", DELIVERED, 1, "1.2.3", 3, 0, "3 instances delivered")
    assert desk.told == [Delivered(entry.id, *said)]


async def test_what_was_taken_is_not_sent_again_whatever_dies(index: Index, clock: Clock) -> None:
    mixed = DeliveryResult(DELIVERED, exceptions=(InstanceResult("1.2", AGAIN, "busy"),))
    tape = Tape(mixed)
    desk = Desk(index, clock, tape)
    job = await desk.order("1.1", "1.2", "1.3")
    assert await desk.run(job) == Retry("busy")
    assert desk.told == []
    anew = Desk(index, clock, tape)
    anew.runs = 1
    assert await anew.run(job, attempt=2) == Done("3 instances delivered")
    assert tape.sent == [["1.1", "1.2", "1.3"], ["1.2"]]
    assert anew.told[0].attempts == 2


async def test_one_that_is_refused_holds_up_none_and_is_told(index: Index, clock: Clock) -> None:
    refused = InstanceResult("1.1", REFUSED, "cannot understand", "C000")
    desk = Desk(index, clock, Tape(DeliveryResult(DELIVERED, exceptions=(refused,))))
    job = await desk.order("1.1", "1.2", "1.3")
    why = "1 of 3 instances were refused: cannot understand"
    assert await desk.run(job) == Dead(why)
    [told] = desk.told
    assert (told.outcome, told.delivered, told.refused) == (REFUSED, 2, 1)
    assert (await desk.entry(job)).state is DeliveryState.REFUSED


async def test_a_target_that_is_down_costs_no_attempt_and_no_place(
    index: Index, clock: Clock
) -> None:
    tape = Tape(OSError("cable"), ill="no power")
    desk = Desk(index, clock, tape)
    job = await desk.order("1.1")
    assert await desk.run(job) == Later("no power", None)
    assert desk.gates.places() == {QUEUE: 0}
    assert (await desk.entry(job)).explanation == "no power"
    assert desk.told == []
    # Once it is time, the next one looks first.
    desk.now_s = 10.0
    assert desk.gates.places() == {QUEUE: 1}
    assert await desk.run(job) == Later("no power", None)
    assert len(tape.sent) == 1
    desk.now_s, tape.ill = 30.0, None
    assert await desk.run(job) == Done("1 instances delivered")
    assert desk.gates.places() == {}


async def test_a_target_that_is_down_for_too_long_is_given_up(index: Index, clock: Clock) -> None:
    desk = Desk(index, clock, Tape(OSError("cable"), ill="no power"))
    job = await desk.order("1.1")
    clock.us += 31 * DAY_US
    why = "its target was down for too long: no power"
    assert await desk.run(job) == Dead(why)
    assert (await desk.entry(job)).state is DeliveryState.GIVEN_UP
    [told] = desk.told
    assert (told.outcome, told.explanation) == (AGAIN, why)


async def test_before_another_attempt_the_target_is_asked_how_it_is(
    index: Index, clock: Clock
) -> None:
    tape = Tape(ill="no power")
    desk = Desk(index, clock, tape)
    assert await desk.run(await desk.order("1.1"), attempt=2) == Later("no power", None)
    assert tape.sent == []


async def test_the_last_attempt_is_told(index: Index, clock: Clock) -> None:
    again = DeliveryResult(DELIVERED, exceptions=(InstanceResult("1.1", AGAIN, "busy"),))
    desk = Desk(index, clock, Tape(again))
    job = await desk.order("1.1")
    assert await desk.run(job, attempt=MAX_ATTEMPTS) == Retry("busy")
    [told] = desk.told
    assert (told.outcome, told.explanation, told.attempts) == (AGAIN, "busy", MAX_ATTEMPTS)
    assert (await desk.entry(job)).state is DeliveryState.GIVEN_UP


async def test_a_target_that_nobody_provides_is_waited_for(index: Index, clock: Clock) -> None:
    error = NotProvided("tape", "pacsd_route_target", "no plugin provides 'tape'")
    desk = Desk(index, clock, error)
    job = await desk.order("1.1")
    assert await desk.run(job) == Later("no plugin provides 'tape'", None)
    assert desk.asked == ["tape"]
    assert desk.told == []
    assert desk.gates.why(QUEUE) == "no plugin provides 'tape'"
    desk.target = Tape()
    assert await desk.run(job) == Done("1 instances delivered")
    assert desk.gates.places() == {}


async def test_a_target_that_cannot_be_had_now_is_asked_for_again(
    index: Index, clock: Clock
) -> None:
    desk = Desk(index, clock, HookError("acme", "pacsd_route_target", "no answer within 30 s"))
    outcome = await desk.run(await desk.order("1.1"))
    assert isinstance(outcome, Retry)
    assert "no answer within 30 s" in outcome.reason


@pytest.mark.parametrize("payload", ["{}", "", "-1", "\u0661"])
async def test_p06_a_job_that_is_no_delivery_is_dead(
    index: Index, clock: Clock, payload: str
) -> None:
    desk = Desk(index, clock, Tape())
    job = await desk.order("1.1")
    assert isinstance(await desk.run(replace(job, payload=payload)), Dead)


async def test_a_job_in_another_queue_sends_nothing(index: Index, clock: Clock) -> None:
    desk = Desk(index, clock, Tape())
    job = await desk.order("1.1")
    outcome = await desk.run(replace(job, queue="target:disk"))
    assert outcome == Dead("queue target:disk: the delivery goes to tape")
    assert desk.asked == []


async def test_p01_a_target_that_hangs_is_left(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck(Tape):
        async def send(self, delivery: Delivery, /) -> DeliveryResult:
            await anyio.sleep_forever()
            raise AssertionError(delivery)

    monkeypatch.setattr(deliveries, "DEADLINE_S", 0.2)
    desk = Desk(index, clock, Stuck())
    assert await desk.run(await desk.order("1.1")) == Retry("it took longer than it may")


async def test_a_slow_line_has_as_long_as_its_rate_takes(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_s: list[float] = []

    class Looking(Tape):
        async def send(self, delivery: Delivery, /) -> DeliveryResult:
            left_s.append(anyio.current_effective_deadline() - anyio.current_time())
            return await super().send(delivery)

    monkeypatch.setattr(deliveries, "DEADLINE_S", 100.0)
    terms = TERMS.model_copy(update={"instances_per_second": 0.1})
    desk = Desk(index, clock, Looking(), terms)
    await desk.run(await desk.order("1.1", "1.2", "1.3"))
    assert 120 < left_s[0] <= 130


async def test_what_is_gone_or_delivered_is_done(index: Index, clock: Clock) -> None:
    desk = Desk(index, clock, Tape())
    job = await desk.order("1.1")
    await desk.run(job)
    assert await desk.run(job) == Done("nothing of it is left to be sent")
    assert await desk.run(replace(job, payload="99")) == Done("nothing of it is left to be sent")
    assert len(desk.told) == 1


async def test_a_delivery_is_made_once_at_a_time(index: Index, clock: Clock) -> None:
    began, go_on = anyio.Event(), anyio.Event()

    class Slow(Tape):
        async def send(self, delivery: Delivery, /) -> DeliveryResult:
            began.set()
            await go_on.wait()
            return await super().send(delivery)

    desk = Desk(index, clock, Slow())
    job = await desk.order("1.1")
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await desk.run(job))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await began.wait()
        assert await desk.run(job) == Later("it is being made", 1.0)
        go_on.set()
    assert outcomes == [Done("1 instances delivered")]
