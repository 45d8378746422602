import pytest
from pydantic import ValidationError

from pacsd.jobs.target_terms import TargetTerms


def terms(**values: object) -> TargetTerms:
    return TargetTerms.model_validate({"name": "peer:SITEB", **values})


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"name": ""}, "name"),
        ({"window": "19-6"}, "is not like 22:00-06:00"),
        ({"name": "web:siteb", "commitment": True}, "commitment: is for targets peer:AE_TITLE"),
        ({"bytes_per_second": 16_383}, "16384"),
        ({"instances_per_second": 0.05}, "0.1"),
        ({"at_once": 0}, "at_once"),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        terms(**values)


def test_hours_are_those_of_the_window() -> None:
    assert terms().hours.spans == ()
    [span] = terms(window="19:00-06:00").hours.spans
    assert (span.begin, span.end) == (19 * 60, 30 * 60)


@pytest.mark.parametrize(
    ("rates", "count"),
    [
        ({}, 5),
        ({"instances_per_second": 0.1}, 1),
        ({"instances_per_second": 0.3}, 3),
        ({"bytes_per_second": 20_000}, 2),
        ({"bytes_per_second": 16_384}, 1),
        ({"bytes_per_second": 20_000, "instances_per_second": 0.1}, 1),
    ],
)
def test_a_share_is_what_may_be_sent_in_that_time(rates: dict[str, object], count: int) -> None:
    assert terms(**rates).share(10.0, [100_000] * 5) == count


def test_one_large_instance_is_a_share_by_itself() -> None:
    assert terms(bytes_per_second=20_000).share(10.0, [10**9, 1]) == 1


def test_how_long_it_takes_is_told_by_the_slower_rate_and_by_how_many_share_it() -> None:
    assert terms().takes_s([10**9]) == 0
    both = terms(bytes_per_second=20_000, instances_per_second=1)
    assert both.takes_s([100_000, 100_000]) == 10
    assert both.takes_s([10, 10]) == 2
    assert terms(bytes_per_second=20_000, at_once=3).takes_s([100_000]) == 15
