import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pacsd.api.local_zone import LocalZone


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("utc", "local"),
    [
        (datetime(2026, 1, 10, 12, tzinfo=UTC), (13, 0)),
        (datetime(2026, 7, 10, 12, tzinfo=UTC), (14, 0)),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), (1, 59)),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), (3, 0)),
    ],
)
def test_a_time_is_told_by_the_rules_of_that_time(utc: datetime, local: tuple[int, int]) -> None:
    found = utc.astimezone(LocalZone())
    assert (found.hour, found.minute) == local
    assert found.astimezone(UTC) == utc


def test_a_local_time_has_its_offset() -> None:
    zone = LocalZone()
    assert datetime(2026, 7, 10, tzinfo=zone).utcoffset() == timedelta(hours=2)
    assert zone.utcoffset(None) in {timedelta(hours=1), timedelta(hours=2)}
    assert zone.tzname(None) == "CET"
