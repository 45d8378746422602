"""What can be asked about durable work over HTTP: the one table behind its desk and description."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

ROOT = "/jobs"
MAX_LIMIT = 1_000
DEFAULT_LIMIT = 100


class JobTask(StrEnum):
    """What is to be done with jobs."""

    LIST = "list"
    SHOW = "show"
    RETRY = "retry"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class JobOperation:
    """A method of a path; `query` are parameters it reads, `problems` statuses beside 200."""

    task: JobTask
    method: str
    path: str
    name: str
    summary: str
    schema: str
    query: tuple[str, ...] = ()
    problems: tuple[int, ...] = (401, 403, 503)


JOB_OPERATIONS: tuple[JobOperation, ...] = (
    JobOperation(
        JobTask.LIST,
        "GET",
        ROOT,
        "ListJobs",
        "Jobs by rising number; the next page is `after` the last one.",
        "Jobs",
        ("state", "queue", "limit", "after"),
        (400, 401, 403, 503),
    ),
    JobOperation(
        JobTask.SHOW,
        "GET",
        f"{ROOT}/{{number}}",
        "ShowJob",
        "All about a job but what it works with, which may name whom it is about.",
        "Job",
        problems=(401, 403, 404, 503),
    ),
    JobOperation(
        JobTask.RETRY,
        "POST",
        f"{ROOT}/{{number}}/retry",
        "RetryJob",
        "Have a job done that is dead or was cancelled.",
        "Job",
        problems=(401, 403, 404, 409, 503),
    ),
    JobOperation(
        JobTask.CANCEL,
        "POST",
        f"{ROOT}/{{number}}/cancel",
        "CancelJob",
        "Do a job no more that waits or runs.",
        "Job",
        problems=(401, 403, 404, 409, 503),
    ),
)

QUERY: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "state": (
        "Only those in this state.",
        {"enum": ["waiting", "leased", "done", "dead", "cancelled"]},
    ),
    "queue": ("Only those of this queue.", {"type": "string", "maxLength": 200}),
    "limit": (
        "How many at most.",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    "after": ("Only those with a higher number.", {"type": "integer", "minimum": 0}),
}
"""Parameter -> what it is, and its schema."""
