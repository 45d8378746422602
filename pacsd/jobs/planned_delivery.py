"""A delivery that was decided: as the job that waits for it, in the queue of its target."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import orjson

from pacsd.api.events import ArchiveEvent
from pacsd.api.routing import Route, RoutePriority
from pacsd.index.job_records import Job, JobClass, NewJob

DELIVER = "deliver"
"""The kind of the jobs."""

MAX_ATTEMPTS = 100
"""With the longest wait in between, some days."""

_QUEUE = "target:"
_CLASSES: Mapping[RoutePriority, JobClass] = MappingProxyType(
    {
        RoutePriority.HIGH: JobClass.MODALITY,
        RoutePriority.MEDIUM: JobClass.ROUTING,
        RoutePriority.LOW: JobClass.MIGRATION,
    }
)


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """What goes to which target, and why; UIDs are '' where it is not an instance or a series."""

    target: str
    reason: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str


def job_of(event: ArchiveEvent, route: Route, plugin: str) -> NewJob:
    """The job of a route that a plugin gave to what an event is about.

    While it is open the same event adds no other. A later one does: what came meanwhile may not be
    among what is being sent.

    Raises:
        JobRefused: there can be no such job.
    """
    facts = {
        "reason": route.reason,
        "study": event.study_instance_uid,
        "series": event.series_instance_uid,
        "instance": event.sop_instance_uid,
    }
    return NewJob(
        kind=DELIVER,
        queue=f"{_QUEUE}{route.target}",
        payload=orjson.dumps(facts).decode(),
        priority=_CLASSES[route.priority],
        unique_key=event.event_id,
        max_attempts=MAX_ATTEMPTS,
        created_by=plugin,
    )


def delivery_in(job: Job) -> PlannedDelivery:
    """The delivery of a job; its target is its queue, so that it can be sent elsewhere.

    Raises:
        ValueError: it is not one that `job_of` made, or the queue is no target's.
    """
    if not job.queue.startswith(_QUEUE):
        raise ValueError(f"queue {job.queue}: the name of a target's begins with {_QUEUE}")
    facts = orjson.loads(job.payload)
    try:
        named = (str(facts[name]) for name in ("reason", "study", "series", "instance"))
        return PlannedDelivery(job.queue.removeprefix(_QUEUE), *named)
    except (KeyError, TypeError) as error:
        raise ValueError(f"payload: is no delivery: {error}") from error
