"""What the admin commands answer: records that the daemon writes as JSON and commands read back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from pacsd.dicom.registry import uid_name
from pacsd.dicom.text import printable
from pacsd.net.recorder import AssociationRecord, CommandRecord

MAX_UID_LENGTH = 80
"""Of a UID or its name, which a peer may have made up."""


@dataclass(frozen=True, slots=True)
class ContextDetail:
    """A presentation context as proposed; `accepted` is the transfer syntax agreed on, or ''.

    `proposed` are the first of the transfer syntaxes proposed, `more_proposed` counts the others.
    """

    context_id: int
    abstract_syntax: str
    proposed: tuple[str, ...]
    more_proposed: int
    accepted: str


@dataclass(frozen=True, slots=True)
class AssociationSummary:
    """One association; times are seconds since 1970, UTC, `ended_at` None while it is open."""

    number: int
    started_at: float
    ended_at: float | None
    peer_address: str
    calling_ae: str
    called_ae: str
    implementation: str
    outcome: str
    reason: str
    key: str
    contexts_proposed: int
    contexts_accepted: int
    operations: int
    failures: int
    bytes_received: int
    bytes_sent: int

    @classmethod
    def of(cls, record: AssociationRecord) -> Self:
        """The summary of what the recorder holds."""
        return cls(
            number=record.number,
            started_at=record.started_at,
            ended_at=record.ended_at,
            peer_address=record.peer_address,
            calling_ae=record.calling_ae,
            called_ae=record.called_ae,
            implementation=record.implementation,
            outcome=record.outcome.value,
            reason=record.reason,
            key=record.key,
            contexts_proposed=record.contexts_proposed,
            contexts_accepted=record.contexts_accepted,
            operations=record.operations,
            failures=record.failures,
            bytes_received=record.bytes_received,
            bytes_sent=record.bytes_sent,
        )


@dataclass(frozen=True, slots=True)
class AssociationDetail:
    """All that is remembered of one association."""

    summary: AssociationSummary
    contexts: tuple[ContextDetail, ...]
    commands: tuple[CommandRecord, ...]

    @classmethod
    def of(cls, record: AssociationRecord) -> Self:
        """The details of what the recorder holds."""
        return cls(AssociationSummary.of(record), _contexts(record), tuple(record.commands))


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """The daemon itself; `started_at` is seconds since 1970, UTC, `http` "" for no web listener.

    `stores` says of each by its name what is wrong with it, "" if nothing is.
    """

    version: str
    process: int
    started_at: float
    dimse: tuple[str, ...]
    open_associations: int
    http: str = ""
    stores: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload did not take over: settings that have changed and need a restart, by key.

    And the plugins that it started and those that it stopped; one that has changed is both. `ill`
    says what is wrong with plugins afterwards: one may have kept what it had.
    """

    need_restart: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    ill: Mapping[str, str] = field(default_factory=dict)


def _contexts(record: AssociationRecord) -> tuple[ContextDetail, ...]:
    return tuple(
        ContextDetail(
            context_id=context.context_id,
            abstract_syntax=_named(context.abstract_syntax),
            proposed=tuple(_named(uid) for uid in context.transfer_syntaxes),
            more_proposed=context.proposed - len(context.transfer_syntaxes),
            accepted=_named(context.accepted) if context.accepted else "",
        )
        for context in record.contexts
    )


def _named(uid: str) -> str:
    return printable(uid_name(uid), MAX_UID_LENGTH)
