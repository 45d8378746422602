import pytest

from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.routing import Route, RoutePriority
from pacsd.index.job_records import JobClass
from pacsd.jobs.orders import order_of

EVENT = ArchiveEvent("e-17", EventKind.INSTANCE_STORED, 5, "1.2", "1.2.3", "1.2.3.4")


def test_an_order_is_of_what_the_event_is_about() -> None:
    order = order_of(EVENT, Route("tape", "all CT", rule="CT"), "rules")
    assert (order.study_instance_uid, order.series_instance_uid) == ("1.2", "1.2.3")
    assert (order.sop_instance_uid, order.change) == ("1.2.3.4", 17)
    assert (order.plugin, order.rule, order.target) == ("rules", "CT", "tape")
    assert (order.reason, order.is_urgent) == ("all CT", False)


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        (RoutePriority.HIGH, JobClass.MODALITY),
        (RoutePriority.MEDIUM, JobClass.ROUTING),
        (RoutePriority.LOW, JobClass.MIGRATION),
    ],
)
def test_what_is_urgent_goes_before_what_is_not(
    priority: RoutePriority, expected: JobClass
) -> None:
    assert order_of(EVENT, Route("tape", "x", priority), "rules").priority is expected


def test_what_leaves_is_coerced_as_the_route_says() -> None:
    route = Route("tape", "x", coercion="research")
    assert order_of(EVENT, route, "rules").coercion == "research"
