from prometheus_client import CollectorRegistry
from structlog.typing import EventDict

from pacsd.net.http_refusals import INTERVAL_S, HttpRefusals, NoPlace

COUNTER = "pacsd_http_refused_connections_total"
TOLD = {"event": "connections are turned away", "log_level": "warning"}


def counts(registry: CollectorRegistry) -> dict[str, float | None]:
    return {each: registry.get_sample_value(COUNTER, {"reason": each}) for each in NoPlace}


def test_each_reason_is_there_before_anything_was_refused() -> None:
    registry = CollectorRegistry()
    HttpRefusals(registry)
    assert counts(registry) == {"all": 0, "address": 0}


def test_all_are_counted_and_one_of_an_interval_is_told(logged: list[EventDict]) -> None:
    registry, now = CollectorRegistry(), [1_000.0]
    refusals = HttpRefusals(registry, lambda: now[0])
    for _ in range(5):
        refusals.refused(NoPlace.ADDRESS)
    assert logged == [{**TOLD, "reason": "address"}]
    now[0] += INTERVAL_S
    refusals.refused(NoPlace.ADDRESS)
    assert logged[1:] == [{**TOLD, "reason": "address", "suppressed": 4}]
    assert counts(registry) == {"all": 0, "address": 6}


def test_one_reason_does_not_silence_the_other(logged: list[EventDict]) -> None:
    registry = CollectorRegistry()
    refusals = HttpRefusals(registry, lambda: 0.0)
    refusals.refused(NoPlace.ADDRESS)
    refusals.refused(NoPlace.ALL)
    assert [each["reason"] for each in logged] == ["address", "all"]
    assert counts(registry) == {"all": 1, "address": 1}
