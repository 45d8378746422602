"""What the commands about deliveries answer. A study is named by its UID."""

from dataclasses import dataclass
from typing import Self

from pacsd.index.delivery_records import Commitment, Item, LedgerEntry

_US = 1_000_000


@dataclass(frozen=True, slots=True)
class DeliverySummary:
    """A delivery in a list; times are seconds since 1970, UTC.

    `waiting`, `delivered` and `refused` count instances. `held_up`: why nothing is sent to its
    target now, '' where something is.
    """

    number: int
    state: str
    target: str
    rule: str
    study_instance_uid: str
    priority: str
    waiting: int
    delivered: int
    refused: int
    created_at: float
    changed_at: float
    explanation: str
    held_up: str

    @classmethod
    def of(cls, entry: LedgerEntry, held_up: str) -> Self:
        """The answer for what the ledger says."""
        return cls(
            number=entry.id,
            state=entry.state.name.lower(),
            target=entry.target,
            rule=entry.rule,
            study_instance_uid=entry.study_instance_uid,
            priority=entry.priority.name.lower(),
            waiting=entry.waiting,
            delivered=entry.delivered,
            refused=entry.refused,
            created_at=entry.created_at_us / _US,
            changed_at=entry.changed_at_us / _US,
            explanation=entry.explanation,
            held_up=held_up if entry.waiting else "",
        )


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """All about a delivery but its instances.

    `covered` is the number of the last change of the archive that asked for some of it, `confirmed`
    that up to which all of it has come to an end.
    """

    summary: DeliverySummary
    plugin: str
    reason: str
    coercion: str
    covered: int
    confirmed: int

    @classmethod
    def of(cls, entry: LedgerEntry, held_up: str) -> Self:
        """The answer for what the ledger says."""
        summary = DeliverySummary.of(entry, held_up)
        facts = entry.plugin, entry.reason, entry.coercion, entry.covered, entry.confirmed
        return cls(summary, *facts)


@dataclass(frozen=True, slots=True)
class DeliveredItem:
    """What became of an instance: when it was sent, what its target answered, whether it keeps it.

    `sha256` (hexadecimal) and `size_bytes` are those of the data set as it is stored here.
    """

    sop_instance_uid: str
    series_instance_uid: str
    state: str
    status: str
    sent_at: float | None
    sha256: str
    size_bytes: int
    attempts: int
    commitment: str
    committed_at: float | None
    explanation: str

    @classmethod
    def of(cls, item: Item) -> Self:
        """The answer for what the ledger says."""
        return cls(
            sop_instance_uid=item.sop_instance_uid,
            series_instance_uid=item.series_instance_uid,
            state=item.state.name.lower(),
            status=item.status,
            sent_at=_time(item.sent_at_us),
            sha256=item.sha256.hex(),
            size_bytes=item.size_bytes,
            attempts=item.attempts,
            commitment="" if item.commitment is Commitment.NONE else item.commitment.name.lower(),
            committed_at=_time(item.committed_at_us),
            explanation=item.explanation,
        )


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """A target in a list: how many deliveries wait for it, are being made, and were given up.

    `down_s`: for so many seconds it has been down, None: it is not. `held_up` is why nothing is
    begun now, `paused_by` who has paused it; '' where that is not so.
    """

    target: str
    waiting: int
    running: int
    dead: int
    down_s: float | None
    held_up: str
    paused_by: str


@dataclass(frozen=True, slots=True)
class PausedTargetAnswer:
    """A target, and whether deliveries to it are paused: since when, and by whom."""

    target: str
    is_paused: bool
    actor: str
    since: float | None


def _time(stamp_us: int) -> float | None:
    return stamp_us / _US if stamp_us else None
