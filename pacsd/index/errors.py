"""What goes wrong with the index.

IndexFault           the database could not do what it was asked; nothing of it is visible
  IndexVersionError  it was written by a pacsd that this one does not know; names both versions
QueryTooCostly       a query that would take longer than it may; nothing is wrong with the index
JobRefused           a job that cannot be, or be changed so; names field, value and rule
  JobQueueFull       one more than there may be
PluginValueRefused   what a plugin wants to keep is too long, or too much
"""

from enum import StrEnum


class IndexFaultKind(StrEnum):
    """Why the database refused, in words short enough for an Error Comment (0000,0902)."""

    NO_SPACE = "no space left for the index"
    INPUT_OUTPUT = "index input/output error"
    CORRUPT = "index is corrupt"
    BUSY = "index is locked"
    READ_ONLY = "index is read-only"
    UNREADABLE = "index cannot be opened"
    VERSION = "index is of another version"
    STOPPED = "index is stopping"
    OTHER = "index failure"


class IndexFault(Exception):
    """The database could not do what it was asked; nothing half done is visible.

    `explanation` is for the log of the one who runs the index: without values from a peer.
    """

    def __init__(self, kind: IndexFaultKind, explanation: str) -> None:
        super().__init__(f"{kind}: {explanation}")
        self.kind = kind
        self.explanation = explanation


class IndexVersionError(IndexFault):
    """The database's version and ours do not fit; it was left as it is."""

    def __init__(self, found: str, known: str, explanation: str) -> None:
        super().__init__(IndexFaultKind.VERSION, explanation)
        self.found = found
        self.known = known


class QueryTooCostly(Exception):
    """A query reached its budget of the database's time before it was answered."""

    def __init__(self, budget_s: float) -> None:
        super().__init__(f"the query takes more than {budget_s:g} s (query.budget_s)")
        self.budget_s = budget_s


class JobRefused(Exception):
    """A job that cannot be added, or cannot be changed like this; nothing was done."""


class JobQueueFull(JobRefused):
    """There are as many jobs in a queue, or as many queues, as there may be."""


class LabelRefused(Exception):
    """A label that may not be put on a study; nothing was done."""


class PluginValueRefused(Exception):
    """What a plugin wants to keep breaks a bound; nothing was done."""
