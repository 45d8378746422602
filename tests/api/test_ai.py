from typing import Any

import pytest

from pacsd.api.ai import (
    MAX_NAME_BYTES,
    MAX_PARAMETERS_BYTES,
    MAX_PAYLOAD_BYTES,
    MAX_PRIOR_STUDIES,
    MAX_RUN_S,
    MAX_SUMMARY_LENGTH,
    MAX_WISHES,
    AiFindings,
    Prefetch,
    PriorWish,
    RunModel,
)


def test_what_is_within_the_bounds() -> None:
    wish = PriorWish("CT", "CHEST", max_age_days=0, studies=MAX_PRIOR_STUDIES)
    Prefetch((wish,) * MAX_WISHES, ("1.2",) * MAX_PRIOR_STUDIES)
    AiFindings("s" * MAX_SUMMARY_LENGTH, "p" * MAX_PAYLOAD_BYTES)


@pytest.mark.parametrize("studies", [0, -1, MAX_PRIOR_STUDIES + 1])
def test_too_many_studies_are_refused(studies: int) -> None:
    with pytest.raises(ValueError, match=f"studies {studies}: must be 1 to 20"):
        PriorWish(studies=studies)


@pytest.mark.parametrize("days", [-1, 1_000_000])
def test_an_age_that_is_none_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match=f"max_age_days {days}: must be 0 to 100000"):
        PriorWish(max_age_days=days)


def test_too_many_wishes_are_refused() -> None:
    with pytest.raises(ValueError, match="21 wishes and 0 studies: at most 20 and 20"):
        Prefetch((PriorWish(),) * (MAX_WISHES + 1))
    with pytest.raises(ValueError, match="0 wishes and 21 studies: at most 20 and 20"):
        Prefetch((), ("1.2",) * (MAX_PRIOR_STUDIES + 1))


def test_findings_that_cannot_be_kept_are_refused() -> None:
    with pytest.raises(ValueError, match="summary of 501: at most 500 characters"):
        AiFindings("s" * (MAX_SUMMARY_LENGTH + 1))
    with pytest.raises(ValueError, match="payload of 32769 bytes: at most 32768"):
        AiFindings("s", "p" * (MAX_PAYLOAD_BYTES + 1))


def test_a_run_within_the_bounds() -> None:
    longest = "r" * MAX_NAME_BYTES
    run = RunModel(longest, longest, longest, "p" * MAX_PARAMETERS_BYTES, MAX_RUN_S)
    assert RunModel("gpu", "nodules").deadline_s < run.deadline_s


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"runner": ""}, "runner '': must be 1 to 200 bytes of printable text"),
        ({"model": "a\nb"}, r"model 'a\nb': must be 1 to 200 bytes of printable text"),
        ({"version": "\xe9" * 101}, "version '.*': must be 0 to 200 bytes of printable text"),
        ({"parameters": "\u5c71" * 10_923}, "parameters of 32769 bytes: at most 32768"),
        ({"deadline_s": 0}, "deadline_s 0: must be more than 0 and at most 21600"),
        ({"deadline_s": -1}, "deadline_s -1: must be more than 0"),
        ({"deadline_s": 21_601}, "deadline_s 21601: must be more than 0 and at most 21600"),
        ({"deadline_s": float("nan")}, "deadline_s nan: must be more than 0"),
    ],
)
def test_a_run_that_cannot_be_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("\\", r"\\")):
        RunModel(**{"runner": "gpu", "model": "nodules", **fields})
