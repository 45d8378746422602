from dataclasses import replace

from pacsd.app.admin.job_records import JobDetail, JobSummary
from pacsd.index.job_records import JobState
from tests.app.test_job_log import JOB


def test_a_job_is_told_in_words_and_seconds() -> None:
    told = JobSummary.of(replace(JOB, created_at_us=1_500_000, not_before_us=2_000_000))
    assert (told.number, told.state, told.priority) == (7, "leased", "routing")
    assert (told.created_at, told.not_before, told.ended_at) == (1.5, 2.0, None)


def test_all_about_a_job() -> None:
    job = replace(JOB, state=JobState.DEAD, ended_at_us=3_000_000, window="22:00-06:00")
    detail = JobDetail.of(job)
    assert detail.summary == JobSummary.of(job)
    assert (detail.window, detail.payload, detail.expires_at) == ("22:00-06:00", "{}", None)
    assert detail.summary.ended_at == 3.0
