"""The order that a route becomes: what of a study goes to its target, and by which rule."""

from collections.abc import Mapping
from types import MappingProxyType

from pacsd.api.events import ArchiveEvent
from pacsd.api.routing import Route, RoutePriority
from pacsd.index.delivery_records import Order
from pacsd.index.job_records import JobClass
from pacsd.jobs.event_making import number_of

_CLASSES: Mapping[RoutePriority, JobClass] = MappingProxyType(
    {
        RoutePriority.HIGH: JobClass.MODALITY,
        RoutePriority.MEDIUM: JobClass.ROUTING,
        RoutePriority.LOW: JobClass.MIGRATION,
    }
)


def order_of(event: ArchiveEvent, route: Route, plugin: str) -> Order:
    """The order of a route that a plugin gave to what an event is about."""
    return Order(
        plugin=plugin,
        rule=route.rule,
        target=route.target,
        reason=route.reason,
        priority=_CLASSES[route.priority],
        study_instance_uid=event.study_instance_uid,
        series_instance_uid=event.series_instance_uid,
        sop_instance_uid=event.sop_instance_uid,
        change=number_of(event),
        coercion=route.coercion,
    )
