"""What somebody wants to delete."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemovalRequest:
    """A study, or a series or an instance in it; '' where it is not one.

    `actor` is who wants it, as the audit trail names it: of a command the user of the system
    ("root"), over HTTP "dicomweb" and the principal ("dicomweb alice"). `reason` is why.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    actor: str
    reason: str
