"""What `pacsd commit` is told: how many instances a peer keeps safely, and which it does not."""

from dataclasses import dataclass

MAX_NAMED = 1_000
"""Instances that are named one by one; all are counted."""


@dataclass(frozen=True, slots=True)
class NotSafe:
    """An instance of which the peer says that it does not keep it, or says nothing, and why."""

    sop_instance_uid: str
    is_failed: bool
    why: str


@dataclass(frozen=True, slots=True)
class CommitProgress:
    """How far it is.

    Of `instances` of the study some are `committed`; the peer refuses others (`failed`), or says
    nothing of them (`unknown`). `named` are the first of both.
    """

    peer: str
    study_instance_uid: str
    instances: int = 0
    committed: int = 0
    failed: int = 0
    unknown: int = 0
    named: tuple[NotSafe, ...] = ()
