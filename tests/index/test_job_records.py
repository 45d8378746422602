import pytest

from pacsd.index.errors import JobRefused
from pacsd.index.job_records import (
    MAX_NAME_BYTES,
    MAX_PAYLOAD_BYTES,
    FreePlaces,
    JobState,
    NewJob,
)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"kind": ""}, "kind: is empty"),
        ({"queue": ""}, "queue: is empty"),
        ({"queue": "q" * (MAX_NAME_BYTES + 1)}, "queue: 257 bytes are more than 256"),
        ({"unique_key": "a\0b"}, "unique_key: has a NUL"),
        ({"created_by": "\ud800"}, "created_by: is no Unicode text"),
        ({"payload": "x" * (MAX_PAYLOAD_BYTES + 1)}, "payload: 65537 bytes are more than 65536"),
        ({"max_attempts": 0}, "max_attempts: 0 is less than 1"),
    ],
)
def test_what_no_job_can_be_is_refused(values: dict[str, object], rule: str) -> None:
    with pytest.raises(JobRefused, match=rule):
        NewJob(**({"kind": "deliver", "queue": "archive_2"} | values))  # type: ignore[arg-type]


def test_the_longest_payload_is_taken() -> None:
    assert NewJob("deliver", "archive_2", "x" * MAX_PAYLOAD_BYTES).max_attempts > 1


def test_open_is_what_waits_or_runs() -> None:
    assert [state for state in JobState if state.is_open] == [JobState.WAITING, JobState.LEASED]


def test_places_are_the_same_for_all_but_the_named() -> None:
    places = FreePlaces(3, {"archive_2": 0})
    assert (places.of("archive_2"), places.of("archive_3")) == (0, 3)
