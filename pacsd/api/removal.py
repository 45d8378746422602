"""What somebody wants to delete."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemovalRequest:
    """A study, or a series or an instance in it; '' where it is not one.

    `actor` is who wants it, as the audit trail names it, `reason` why.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    actor: str
    reason: str
