"""Storage commitment as a use case: who asks for what, and how the report of it ended.

What is asked and answered in DICOM words stands in `pacsd.dicom.commitment`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple, Protocol

from pacsd.dicom.commitment import CommitmentRequest, CommitmentResult, Reference
from pacsd.dicom.registry import Service
from pacsd.dicom.status import describe


@dataclass(frozen=True, slots=True)
class CommitmentAsked:
    """A peer wants us to keep instances safely; the AE titles are the peer's and ours."""

    peer_ae: str
    own_ae: str
    request: CommitmentRequest


class Taken(Enum):
    """What became of that wish: it is durable, its transaction is open already, or no room."""

    YES = "taken"
    DUPLICATE = "its transaction is open already"
    FULL = "too many transactions are open"


class TakesCommitments(Protocol):
    """Who takes such wishes; see `Commitments` of the room of jobs."""

    async def take(self, asked: CommitmentAsked, /) -> Taken:
        """Once this returns YES it is not forgotten: the result is reported.

        Raises:
            IndexUnavailable: it cannot be noted now.
        """


@dataclass(frozen=True, slots=True)
class CommitmentReport:
    """The result of a transaction, for the peer that asked; the AE titles as in what it asked."""

    peer_ae: str
    own_ae: str
    result: CommitmentResult


class ReportFate(Enum):
    """What became of a report: the peer has it, it is worth another try, or it never will."""

    TAKEN = "taken"
    AGAIN = "again"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Reported:
    """The same, and why; the text is for an operator, without values from a peer."""

    fate: ReportFate
    why: str = ""


class ReportsCommitments(Protocol):
    """Who tells peers of results; see `CommitmentReporter` of the room of sockets."""

    async def report(self, report: CommitmentReport, /) -> Reported:
        """Tell the peer, over whatever association there is."""


class Safe(StrEnum):
    """What a peer says of an instance; UNKNOWN: nothing, or it was not even asked."""

    COMMITTED = "committed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SafeAnswer:
    """The same of one instance, and why; without values from the peer but for its status."""

    reference: Reference
    safe: Safe
    why: str = ""


def answers_of(references: Sequence[Reference], result: CommitmentResult) -> list[SafeAnswer]:
    """What a result says of each of these, in their order."""
    committed = frozenset(result.committed)
    reasons = {each.reference: each.reason for each in result.failed}
    return [_answer(each, committed, reasons) for each in references]


def _answer(
    reference: Reference, committed: frozenset[Reference], reasons: dict[Reference, int]
) -> SafeAnswer:
    reason = reasons.get(reference)
    if reason is not None:
        why = describe(reason, Service.STORAGE_COMMITMENT)
        return SafeAnswer(reference, Safe.FAILED, why)
    if reference in committed:
        return SafeAnswer(reference, Safe.COMMITTED)
    return SafeAnswer(reference, Safe.UNKNOWN, "the peer's result does not name it")


class Sent(NamedTuple):
    """An instance that a peer was sent, and how many seconds ago."""

    reference: Reference
    ago_s: float


class AsksPeers(Protocol):
    """Who asks peers what they keep safely; see `PeersAsked` of the room of sockets."""

    async def ask(
        self, peer_ae: str, sent: Sequence[Sent], wait_s: float, /
    ) -> Sequence[SafeAnswer]:
        """What a peer says of each within that time; what it says nothing of is UNKNOWN.

        What it said before an instance was sent is about another one.
        """


class HearsResults(Protocol):
    """Who has asked peers for commitment, and is told what they say."""

    async def heard(self, peer_ae: str, result: CommitmentResult, /) -> bool:
        """Whether that peer was asked so, and what it says is kept."""


class HeardByFirst:
    """Several of these as one: the first that has asked for a result hears of it."""

    def __init__(self, *listeners: HearsResults) -> None:
        self._listeners = listeners

    async def heard(self, peer_ae: str, result: CommitmentResult, /) -> bool:
        """Whether there was one."""
        for each in self._listeners:
            if await each.heard(peer_ae, result):
                return True
        return False
