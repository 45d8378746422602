from structlog.testing import capture_logs

from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.app.job_log import LINE_INTERVAL_S, JobLog
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.job_records import Job, JobClass, JobState

JOB = Job(
    id=7,
    partition=1,
    state=JobState.LEASED,
    priority=JobClass.ROUTING,
    kind="event",
    queue="route",
    attempts=3,
    max_attempts=12,
    not_before_us=0,
    expires_at_us=0,
    lease_token=1,
    leased_until_us=0,
    created_at_us=0,
    ended_at_us=0,
    created_by="",
    unique_key="",
    window="",
    explanation="",
    payload="{}",
)
FAULT = IndexFault(IndexFaultKind.NO_SPACE, "test")
EVENT = ArchiveEvent("e-1", EventKind.STUDY_QUIET, 0, "1.2", "", "")


class Time:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def test_what_failed_is_named_once_in_a_while() -> None:
    now = Time()
    log = JobLog(now)
    with capture_logs() as captured:
        for _ in range(3):
            log.attempt_ended(JOB, JobState.WAITING, "no route")
        now.s += LINE_INTERVAL_S
        log.attempt_ended(JOB, JobState.WAITING, "no route")
    assert [each["unwritten"] for each in captured] == [0, 2]
    assert (captured[0]["job"], captured[0]["attempts"]) == (7, 3)
    assert captured[0]["explanation"] == "no route"


def test_a_dead_job_is_a_warning_and_a_done_one_is_not() -> None:
    log = JobLog(Time())
    with capture_logs() as captured:
        log.attempt_ended(JOB, JobState.DEAD, "refused")
        log.attempt_ended(JOB, JobState.DONE, "")
        log.lease_lost(JOB)
    assert [each["log_level"] for each in captured] == ["warning", "debug", "info"]


def test_events_and_faults_are_told_of() -> None:
    log = JobLog(Time())
    with capture_logs() as captured:
        log.event_failed("route", EVENT, "busy")
        log.event_failed("route", EVENT, "busy")
        log.event_failed("other", EVENT, "busy")
        log.consumer_began_again("route", "the index was made anew")
        for _ in range(2):
            log.delivery_waits("route", FAULT)
            log.jobs_failed(FAULT)
    assert [each["event"] for each in captured] == [
        "event was not taken and is tried again",
        "event was not taken and is tried again",
        "events are not told on from where they were",
        "events wait",
        "jobs wait for the index",
    ]
    assert {each["log_level"] for each in captured} == {"warning"}
