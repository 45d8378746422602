from sqlalchemy import Index

from pacsd.index import schema_jobs
from pacsd.index.job_records import JobState


def condition(index: Index) -> str:
    return str(index.dialect_options["sqlite"]["where"])


def test_the_indexes_are_of_the_states_they_name() -> None:
    conditions = {str(each.name): condition(each) for each in schema_jobs.job.indexes}
    assert conditions["ix_job_claim"] == f"state = {JobState.WAITING.value}"
    assert conditions["ix_job_not_before"].startswith(f"state = {JobState.WAITING.value} AND")
    assert conditions["ix_job_leased_until"] == f"state = {JobState.LEASED.value}"
    assert conditions["ix_job_dead"] == f"state = {JobState.DEAD.value}"
    assert conditions["ix_job_ended_at"] == f"state >= {JobState.DONE.value}"
    assert f"state <= {JobState.LEASED.value}" in conditions["uq_job_unique_key"]


def test_what_is_long_stands_behind_what_is_looked_at() -> None:
    assert list(schema_jobs.job.c)[-1] is schema_jobs.job.c.payload
