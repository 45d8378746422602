"""Hooks about what has happened: durable, told at least once."""

from pacsd.api.events import ArchiveEvent
from pacsd.api.hook_facts import Kind, Policy, specification


@specification(Kind.NOTIFY, Policy.AGAIN, deadline_s=60, since="0.1")
def pacsd_instance_stored(event: ArchiveEvent) -> None:
    """Learn that an instance is in the archive.

    Told after the instance is durable and its sender has its answer, in the order of commits, from
    the change log: what happened while the daemon was down is told when it is back. Each plugin is
    told by itself. Whoever raises or is late is told again later, with the same `event_id`, and
    holds up no other event; after the last attempt it is left among the dead letters.

    Args:
        event: which instance, of which study and series.
    """


@specification(Kind.NOTIFY, Policy.AGAIN, deadline_s=60, since="0.1")
def pacsd_series_quiet(event: ArchiveEvent) -> None:
    """Learn that nothing has arrived for a series for a while (`events.series_quiet_s`).

    Or that it has as many instances as its objects say (`events.series_complete_at`).
    Told as `pacsd_instance_stored`. A series that gets instances afterwards becomes quiet again.

    Args:
        event: which series, of which study.
    """


@specification(Kind.NOTIFY, Policy.AGAIN, deadline_s=60, since="0.1")
def pacsd_study_quiet(event: ArchiveEvent) -> None:
    """Learn that nothing has arrived for a study for a while (`events.study_quiet_s`).

    Or that it has as many instances as its objects say (`events.study_complete_at`).
    Told as `pacsd_instance_stored`. A study that gets instances afterwards becomes quiet again.

    Args:
        event: which study.
    """


@specification(Kind.NOTIFY, Policy.AGAIN, deadline_s=60, since="0.1")
def pacsd_study_changed(event: ArchiveEvent) -> None:
    """Learn that something of a study was corrected, restored or released from quarantine.

    Told as `pacsd_instance_stored`.

    Args:
        event: which study, and which instance where it is one.
    """


@specification(Kind.NOTIFY, Policy.AGAIN, deadline_s=60, since="0.1")
def pacsd_study_deleted(event: ArchiveEvent) -> None:
    """Learn that something of a study was deleted; it can still be restored.

    Told as `pacsd_instance_stored`.

    Args:
        event: which study, and which instance where it is one.
    """
