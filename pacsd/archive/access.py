"""The trail of what left: who retrieved or exported which studies, and how it ended."""

from collections.abc import Callable
from dataclasses import dataclass

from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import AuditEntry, Scope

MAX_STUDIES = 1_000
"""So many studies of one retrieval are named; the last row says how many more there were."""

NotNoted = Callable[["Retrieved", str], None]
"""Is told what could not be kept, and why: the objects have left by then."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What has left; `outcome` is how that ended, such as its final status, `detail` how much.

    Without a peer, `peer_address` is ''.
    """

    actor: str
    peer_address: str
    action: str
    outcome: str
    studies: tuple[str, ...]
    detail: str


class Access:
    """Keeps the trail in the index, a row for each study."""

    def __init__(self, index: Index, not_noted: NotNoted) -> None:
        self._index = index
        self._not_noted = not_noted

    async def note(self, retrieved: Retrieved) -> None:
        """Keep it; never raises."""
        named = retrieved.studies[:MAX_STUDIES]
        more = len(retrieved.studies) - len(named)
        entries = [self._entry(retrieved, study, retrieved.detail) for study in named]
        if more:
            entries.append(self._entry(retrieved, "", f"{more} more studies"))
        try:
            await self._index.audit(Scope(), *entries)
        except IndexFault as fault:
            self._not_noted(retrieved, str(fault.kind))

    def _entry(self, retrieved: Retrieved, study: str, detail: str) -> AuditEntry:
        return AuditEntry(
            actor=retrieved.actor,
            action=retrieved.action,
            outcome=retrieved.outcome,
            study_instance_uid=study,
            peer_address=retrieved.peer_address,
            detail=detail,
        )
