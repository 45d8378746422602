"""Random histories of the job queues, played against a model of plain Python."""

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pacsd.index.desks import WriterDesk
from pacsd.index.ending_jobs import extend, fail, finish, give_back
from pacsd.index.errors import JobRefused
from pacsd.index.job_records import FreePlaces, JobClass, JobFilter, JobState, Lease
from pacsd.index.reading_jobs import read_page
from pacsd.index.steering_jobs import cancel, forget_jobs, retarget, retry
from tests.index.job_queues import LEASE_US, claimed, counts, job, put
from tests.index.made import BEGINNING_US, SCOPE, opened

QUEUES = ("a", "b", "c")
STEP_US = LEASE_US // 3


class StandingClock:
    """Moves only when the history says so."""

    def __init__(self) -> None:
        self.us = BEGINNING_US

    def __call__(self) -> int:
        return self.us


@dataclass
class Known:
    """A job of the model."""

    queue: str
    priority: JobClass
    unique_key: str
    max_attempts: int
    not_before_us: int
    expires_at_us: int
    state: JobState = JobState.WAITING
    attempts: int = 0
    token: int = 0
    leased_until_us: int = 0
    ended_at_us: int = 0

    def end(self, state: JobState, now_us: int) -> None:
        self.state, self.token, self.leased_until_us = state, 0, 0
        self.ended_at_us = 0 if state.is_open else now_us


@dataclass
class Model:
    """What the queues should hold."""

    jobs: dict[int, Known] = field(default_factory=dict)
    over: list[Lease] = field(default_factory=list)

    def open_with(self, queue: str, key: str) -> int | None:
        for number, each in self.jobs.items():
            if key and each.queue == queue and each.unique_key == key and each.state.is_open:
                return number
        return None

    def end_overdue(self, now_us: int) -> None:
        for number, each in self.jobs.items():
            if each.state is JobState.LEASED and each.leased_until_us <= now_us:
                self.over.append(Lease(number, each.token))
                is_last = each.attempts >= each.max_attempts
                each.end(JobState.DEAD if is_last else JobState.WAITING, now_us)
        for each in self.jobs.values():
            if each.state is JobState.WAITING and 0 < each.expires_at_us <= now_us:
                each.end(JobState.DEAD, now_us)

    def due(self, now_us: int) -> list[tuple[int, Known]]:
        return [
            (number, each)
            for number, each in self.jobs.items()
            if each.state is JobState.WAITING and each.not_before_us <= now_us
        ]

    def leased(self) -> list[int]:
        return [n for n, each in self.jobs.items() if each.state is JobState.LEASED]


class Histories(RuleBasedStateMachine):
    """The desk and the model, side by side."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.clock = StandingClock()
        self.desk: WriterDesk = opened(Path(self.folder.name), self.clock)  # type: ignore[arg-type]
        self.model = Model()

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.desk.close()
            self.folder.cleanup()

    @rule(
        queue=st.sampled_from(QUEUES),
        priority=st.sampled_from([JobClass.VIEWER, JobClass.ROUTING]),
        key=st.sampled_from(["", "", "k"]),
        max_attempts=st.integers(1, 2),
        delay=st.integers(0, 2),
        life=st.sampled_from([0, 0, 4]),
    )
    def add(
        self,
        queue: str,
        priority: JobClass,
        key: str,
        max_attempts: int,
        delay: int,
        life: int,
    ) -> None:
        due_us = self.clock.us + delay * STEP_US
        end_us = self.clock.us + life * STEP_US if life else 0
        known = Known(queue, priority, key, max_attempts, due_us, end_us)
        expected = self.model.open_with(queue, key)
        (number,) = put(
            self.desk,
            job(
                queue,
                priority=priority,
                unique_key=key,
                max_attempts=max_attempts,
                not_before_us=due_us,
                expires_at_us=end_us,
            ),
        )
        if expected is None:
            assert number > max(self.model.jobs, default=0)
            self.model.jobs[number] = known
        assert expected in {None, number}

    @rule(steps=st.integers(1, 4))
    def wait(self, steps: int) -> None:
        self.clock.us += steps * STEP_US

    @rule(limit=st.integers(1, 4), each=st.integers(0, 2), closed=st.sampled_from(["", *QUEUES]))
    def claim(self, limit: int, each: int, closed: str) -> None:
        places = FreePlaces(each, {closed: 0})
        self.model.end_overdue(self.clock.us)
        expected = self._expected(limit, places)
        jobs = claimed(self.desk, limit, places=places)
        by_class = sorted(self.model.jobs[each.id].priority for each in jobs)
        assert by_class == expected
        for mine in jobs:
            known = self.model.jobs[mine.id]
            assert known.state is JobState.WAITING
            assert known.not_before_us <= self.clock.us
            # The first of its queue and class.
            assert all(
                (known.not_before_us, mine.id) <= (other.not_before_us, number)
                for number, other in self.model.due(self.clock.us)
                if (other.queue, other.priority) == (known.queue, known.priority)
            )
            known.attempts += 1
            assert mine.attempts == known.attempts
            known.state, known.token = JobState.LEASED, mine.lease_token
            known.leased_until_us = mine.leased_until_us

    def _expected(self, limit: int, places: FreePlaces) -> list[JobClass]:
        """How many of each class: as many as there is room for, the first class first."""
        room = {queue: places.of(queue) for queue in QUEUES}
        taken: list[JobClass] = []
        for _, each in sorted(self.model.due(self.clock.us), key=lambda pair: pair[1].priority):
            if room[each.queue] and len(taken) < limit:
                room[each.queue] -= 1
                taken.append(each.priority)
        return taken

    @rule(data=st.data(), how=st.sampled_from(["finish", "retry", "dead", "back", "extend"]))
    def end(self, data: st.DataObject, how: str) -> None:
        leased = self.model.leased()
        if not leased:
            return
        number = data.draw(st.sampled_from(leased))
        known = self.model.jobs[number]
        lease = Lease(number, known.token)
        now_us, later_us = self.clock.us, self.clock.us + STEP_US
        if how == "extend":
            assert self.desk.perform(partial(extend, [lease], LEASE_US)) == []
            known.leased_until_us = now_us + LEASE_US
            return
        if how == "finish":
            assert self.desk.perform(partial(finish, lease, ""))
            known.end(JobState.DONE, now_us)
        elif how == "back":
            assert self.desk.perform(partial(give_back, [lease], 0)) == 1
            known.attempts -= 1
            known.end(JobState.WAITING, now_us)
        else:
            is_dead = (
                how == "dead"
                or known.attempts >= known.max_attempts
                or 0 < known.expires_at_us <= later_us
            )
            expected = JobState.DEAD if is_dead else JobState.WAITING
            retry_at_us = None if how == "dead" else later_us
            assert self.desk.perform(partial(fail, lease, "", retry_at_us)) is expected
            if retry_at_us is not None:
                known.not_before_us = later_us
            known.end(expected, now_us)
        self.model.over.append(lease)

    @rule(data=st.data())
    def end_with_an_old_lease(self, data: st.DataObject) -> None:
        if self.model.over:
            lease = data.draw(st.sampled_from(self.model.over))
            assert not self.desk.perform(partial(finish, lease, ""))
            assert self.desk.perform(partial(fail, lease, "", None)) is None
            assert self.desk.perform(partial(extend, [lease], LEASE_US)) == [lease]

    @rule(data=st.data(), how=st.sampled_from(["cancel", "retry", *QUEUES]))
    def steer(self, data: st.DataObject, how: str) -> None:
        if not self.model.jobs:
            return
        number = data.draw(st.sampled_from(sorted(self.model.jobs)))
        known = self.model.jobs[number]
        before = replace(known)
        work = {
            "cancel": partial(cancel, SCOPE, number, "test"),
            "retry": partial(retry, SCOPE, number),
        }.get(how, partial(retarget, SCOPE, number, how))
        try:
            self.desk.perform(work)
        except JobRefused:
            assert not self._may(how, number, known)
            return
        assert self._may(how, number, known)
        if how == "cancel":
            self.model.over.append(Lease(number, before.token))
            known.end(JobState.CANCELLED, self.clock.us)
        elif how == "retry":
            known.end(JobState.WAITING, self.clock.us)
            known.attempts, known.not_before_us, known.expires_at_us = 0, self.clock.us, 0
        else:
            known.queue, known.attempts = how, 0

    def _may(self, how: str, number: int, known: Known) -> bool:
        if how == "cancel":
            return known.state.is_open
        if how == "retry":
            other = self.model.open_with(known.queue, known.unique_key)
            return known.state in {JobState.DEAD, JobState.CANCELLED} and other is None
        if known.state in {JobState.LEASED, JobState.DONE}:
            return False
        other = self.model.open_with(how, known.unique_key)
        return not known.state.is_open or other in {None, number}

    @rule()
    def forget(self) -> None:
        before_us = self.clock.us - STEP_US
        gone = [
            number
            for number, each in self.model.jobs.items()
            if not each.state.is_open and each.ended_at_us < before_us
            if number != max(self.model.jobs)
        ]
        assert self.desk.perform(partial(forget_jobs, before_us, 1_000)) == len(gone)
        for number in gone:
            del self.model.jobs[number]

    @rule()
    def restart(self) -> None:
        self.desk.close()
        self.desk = opened(Path(self.folder.name), self.clock)  # type: ignore[arg-type]

    @invariant()
    def both_are_the_same(self) -> None:
        if not hasattr(self, "desk"):
            return
        page = self.desk.perform(
            lambda session: read_page(SCOPE, JobFilter(), 0, 1_000, session.connection)
        )
        there = {
            each.id: Known(
                each.queue,
                each.priority,
                each.unique_key,
                each.max_attempts,
                each.not_before_us,
                each.expires_at_us,
                each.state,
                each.attempts,
                each.lease_token,
                each.leased_until_us,
                each.ended_at_us,
            )
            for each in page
        }
        assert there == self.model.jobs
        counts(self.desk)


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
