"""The audit trail: append-only rows of who did what, to which study, and how it ended.

Of stores there is one row for each way in, study and outcome, and again when ten minutes have
passed since: what came meanwhile stands in the instances and the change log. So neither a study
sent object by object nor a sender that repeats itself makes the trail grow.
"""

from collections.abc import Sequence

from pacsd.index import schema_records
from pacsd.index.records import AuditEntry, AuditRow, NewInstance, Verdict
from pacsd.index.session import WriteSession, insertion
from pacsd.index.text import storable

AGAIN_AFTER_US = 600_000_000

_INSERT = insertion(schema_records.audit.insert())


def append_audit(session: WriteSession, partition: int, entry: AuditEntry) -> None:
    """Append one row."""
    words = (
        entry.actor,
        entry.peer_address,
        entry.action,
        entry.outcome,
        entry.study_instance_uid,
        entry.detail,
    )
    now_us = session.now_us()
    session.execute(_INSERT, session.take_ids(), partition, now_us, *map(storable, words))
    session.new_audit.append(AuditRow(now_us, entry))


def audit_stores(
    session: WriteSession, group: Sequence[NewInstance], verdicts: Sequence[Verdict]
) -> None:
    """Append what a group of stored instances adds to the trail."""
    now_us = session.now_us()
    facts = {
        (
            new.reception.partition,
            new.reception.calling_ae,
            new.reception.peer_address,
            new.reception.origin,
            verdict.outcome,
            new.study_instance_uid,
        ): None
        for new, verdict in zip(group, verdicts, strict=True)
    }
    for each in facts:
        last_us = session.audited.get(each)
        if last_us is None or now_us - last_us >= AGAIN_AFTER_US:
            session.audited.put(each, now_us)
            _append(session, *each)


def _append(
    session: WriteSession, partition: int, ae: str, host: str, origin: str, outcome: str, study: str
) -> None:
    entry = AuditEntry(ae, f"store ({origin})", outcome, study, peer_address=host)
    append_audit(session, partition, entry)
