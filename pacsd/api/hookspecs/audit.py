"""Hooks about the audit trail."""

from pacsd.api.audit import AuditEvent
from pacsd.api.hook_facts import Kind, Policy, specification


@specification(Kind.NOTIFY, Policy.OPEN, deadline_s=10, since="0.1")
def pacsd_audit(event: AuditEvent) -> None:
    """Be told what the audit trail says, and of logins, access and associations that were refused.

    Called after it has happened, in its order, one event after the other: for a collector of such
    events, for instance. Up to 10,000 wait in memory; what is beyond is dropped and counted in
    `pacsd_audit_events_dropped_total`, and what waits when the daemon ends is not told. The trail
    itself, in the index, misses nothing.

    Args:
        event: who did what, or wanted to, and how it ended. No secret is in it.
    """
