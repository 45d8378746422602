"""The port `Audit` of one plugin."""

from pacsd.api.audit import AuditNote, check_note
from pacsd.app.plugins.adding import origin_of
from pacsd.app.plugins.index_asking import Ask
from pacsd.index.records import AuditEntry, Scope

_ALL = Scope()


class PluginsAudit:
    """What one plugin adds to the audit trail; it is the actor of all that."""

    def __init__(self, ask: Ask, plugin: str) -> None:
        self._ask = ask
        self._actor = origin_of(plugin)

    async def append(self, note: AuditNote, /) -> None:
        """Add a row."""
        check_note(note)
        with self._ask() as index:
            entry = AuditEntry(
                self._actor,
                note.action,
                note.outcome,
                note.study_instance_uid,
                detail=note.detail,
            )
            await index.audit(_ALL, entry)
