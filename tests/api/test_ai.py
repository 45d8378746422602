import pytest

from pacsd.api.ai import (
    MAX_PAYLOAD_BYTES,
    MAX_PRIOR_STUDIES,
    MAX_SUMMARY_LENGTH,
    MAX_WISHES,
    AiFindings,
    Prefetch,
    PriorWish,
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
