from collections.abc import AsyncGenerator
from dataclasses import replace

import anyio
import pytest

from pacsd.api.errors import HookError, NotProvided
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import (
    Delivered,
    Delivery,
    DeliveryOutcome,
    DeliveryResult,
    InstanceResult,
    RouteTarget,
)
from pacsd.api.routing import Route
from pacsd.index.index import Index
from pacsd.index.job_records import FreePlaces, Job
from pacsd.jobs import deliveries
from pacsd.jobs.deliveries import Deliveries
from pacsd.jobs.outcomes import Dead, Done, Outcome, Retry
from pacsd.jobs.planned_delivery import DELIVER, MAX_ATTEMPTS, job_of

DELIVERED, REFUSED, AGAIN = DeliveryOutcome
EVENT = ArchiveEvent("e-1", EventKind.STUDY_QUIET, 5, "1.2", "", "")


def facts(uid: str) -> InstanceFacts:
    return InstanceFacts(uid, "1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2", "1.2.840.10008.1.2", 9)


class Study:
    """Has these instances, two to a page."""

    def __init__(self, *uids: str) -> None:
        self.uids = uids

    async def pages(
        self, study_instance_uid: str, series_instance_uid: str = "", sop_instance_uid: str = ""
    ) -> AsyncGenerator[tuple[InstanceFacts, ...], None]:
        assert (study_instance_uid, series_instance_uid, sop_instance_uid) == ("1.2", "", "")
        for at in range(0, len(self.uids), 2):
            yield tuple(map(facts, self.uids[at : at + 2]))


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
        answer = self.answers.pop(0) if self.answers else DeliveryResult(DELIVERED)
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[return-value]

    async def check(self) -> str | None:
        return self.ill


class Desk:
    """Deliveries to one target, and what was told of them."""

    def __init__(self, target: RouteTarget | Exception, *uids: str) -> None:
        self.target = target
        self.asked: list[str] = []
        self.told: list[Delivered] = []
        self.tested = Deliveries(Study(*uids), self._target_of, self._tell)

    async def _target_of(self, name: str) -> RouteTarget:
        self.asked.append(name)
        if isinstance(self.target, Exception):
            raise self.target
        return self.target

    async def _tell(self, delivered: Delivered) -> None:
        self.told.append(delivered)

    async def run(self, job: Job, attempt: int = 1) -> Outcome:
        return await self.tested.handler.run(replace(job, attempts=attempt))


@pytest.fixture
async def job(index: Index) -> Job:
    await index.jobs.add([job_of(EVENT, Route("tape", "all"), "rules")])
    [claimed] = (await index.jobs.claim([DELIVER], FreePlaces(1), 1, 60)).jobs
    return claimed


async def test_everything_is_delivered(job: Job) -> None:
    tape = Tape()
    desk = Desk(tape, "1.1", "1.2", "1.3")
    assert await desk.run(job) == Done("3 instances delivered")
    assert tape.sent == [["1.1", "1.2"], ["1.3"]]
    first = tape.deliveries[0]
    assert (first.target, first.reason, first.attempt) == ("tape", "all", 1)
    assert first.study_instance_uid == "1.2"
    assert desk.told == [
        Delivered("tape", "all", DELIVERED, 1, "1.2", "", "", 3, 0, "3 instances delivered")
    ]


async def test_a_target_that_cannot_now_is_tried_again(job: Job) -> None:
    tape = Tape(DeliveryResult(AGAIN, "no tape"))
    desk = Desk(tape, "1.1", "1.2", "1.3")
    assert await desk.run(job) == Retry("no tape")
    assert tape.sent == [["1.1", "1.2"]]
    assert desk.told == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (OSError("cable"), "OSError: cable"),
        ("yes", "TypeError: send: str instead of DeliveryResult"),
    ],
)
async def test_p01_what_a_target_does_wrong_is_its_own(job: Job, answer: object, why: str) -> None:
    assert await Desk(Tape(answer), "1.1").run(job) == Retry(why)


async def test_what_was_taken_is_not_sent_again(job: Job) -> None:
    mixed = DeliveryResult(DELIVERED, exceptions=(InstanceResult("1.2", AGAIN, "busy"),))
    tape = Tape(mixed)
    desk = Desk(tape, "1.1", "1.2", "1.3")
    assert await desk.run(job) == Retry("busy")
    assert await desk.run(job, attempt=2) == Done("3 instances delivered")
    assert tape.sent == [["1.1", "1.2"], ["1.3"], ["1.2"]]
    assert desk.told[0].attempts == 2


async def test_another_target_has_nothing_of_what_the_first_one_took(job: Job) -> None:
    tape = Tape(DeliveryResult(AGAIN, "busy", (InstanceResult("1.1", DELIVERED),)))
    desk = Desk(tape, "1.1", "1.2")
    assert isinstance(await desk.run(job), Retry)
    elsewhere = replace(job, queue="target:disk")
    assert await desk.run(elsewhere, attempt=2) == Done("2 instances delivered")
    assert tape.sent == [["1.1", "1.2"], ["1.1", "1.2"]]
    assert desk.asked == ["tape", "disk"]


async def test_what_is_brought_back_is_sent_anew(job: Job) -> None:
    once = DeliveryResult(AGAIN, "busy", (InstanceResult("1.1", DELIVERED),))
    tape = Tape(once, DeliveryResult(AGAIN, "busy"))
    desk = Desk(tape, "1.1", "1.2")
    await desk.run(job)
    for attempt in (1, 2):
        await desk.run(job, attempt)
    assert tape.sent[1:] == [["1.1", "1.2"], ["1.1", "1.2"]]


async def test_one_that_is_refused_holds_up_none_and_is_told(job: Job) -> None:
    refused = InstanceResult("1.1", REFUSED, "C000 cannot understand")
    tape = Tape(DeliveryResult(DELIVERED, exceptions=(refused,)))
    desk = Desk(tape, "1.1", "1.2", "1.3")
    why = "1 of 3 instances were refused: C000 cannot understand"
    assert await desk.run(job) == Dead(why)
    assert tape.sent == [["1.1", "1.2"], ["1.3"]]
    [told] = desk.told
    assert (told.outcome, told.delivered, told.refused) == (REFUSED, 2, 1)
    # Brought back from the dead letters, it begins anew.
    assert await desk.run(job) == Done("3 instances delivered")


async def test_before_another_attempt_the_target_is_asked_how_it_is(job: Job) -> None:
    tape = Tape(ill="no power")
    desk = Desk(tape, "1.1")
    assert await desk.run(job, attempt=2) == Retry("no power")
    assert tape.sent == []


async def test_the_last_attempt_is_told(job: Job) -> None:
    desk = Desk(Tape(ill="no power"), "1.1")
    assert await desk.run(job, attempt=MAX_ATTEMPTS) == Retry("no power")
    [told] = desk.told
    assert (told.outcome, told.explanation, told.attempts) == (AGAIN, "no power", MAX_ATTEMPTS)


async def test_a_target_that_nobody_provides_is_a_dead_letter(job: Job) -> None:
    desk = Desk(NotProvided("tape", "pacsd_route_target", "no plugin provides 'tape'"), "1.1")
    assert await desk.run(job) == Dead("no plugin provides 'tape'")
    assert desk.asked == ["tape"]
    assert desk.told[0].outcome is REFUSED


async def test_a_target_that_cannot_be_had_now_is_asked_for_again(job: Job) -> None:
    desk = Desk(HookError("acme", "pacsd_route_target", "no answer within 30 s"), "1.1")
    outcome = await desk.run(job)
    assert isinstance(outcome, Retry)
    assert "no answer within 30 s" in outcome.reason


async def test_p06_a_job_that_is_no_delivery_is_dead(job: Job) -> None:
    outcome = await Desk(Tape()).run(replace(job, payload="{}"))
    assert isinstance(outcome, Dead)


async def test_p01_a_target_that_hangs_is_left(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(Tape):
        async def send(self, delivery: Delivery, /) -> DeliveryResult:
            await anyio.sleep_forever()
            raise AssertionError(delivery)

    monkeypatch.setattr(deliveries, "DEADLINE_S", 0.01)
    assert await Desk(Stuck(), "1.1").run(job) == Retry("it took more than 0.01 s")


async def test_what_is_remembered_has_a_bound(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "MAX_REMEMBERED", 1)
    mixed = DeliveryResult(DELIVERED, exceptions=(InstanceResult("1.2", AGAIN, "busy"),))
    tape = Tape(mixed, mixed)
    desk = Desk(tape, "1.1", "1.2")
    other = replace(job, id=job.id + 1)
    assert await desk.run(job) == await desk.run(other) == Retry("busy")
    await desk.run(job, attempt=2)
    await desk.run(other, attempt=2)
    assert tape.sent[2:] == [["1.1", "1.2"], ["1.2"]]


async def test_a_study_that_is_gone_is_done(job: Job) -> None:
    assert await Desk(Tape()).run(job) == Done("0 instances delivered")
