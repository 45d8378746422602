"""How the sender of an object is told what became of it (PS3.4 section B.2.3).

The statuses of this table are those of the conformance statement.
"""

from dataclasses import dataclass

from pacsd.api.errors import StoreError
from pacsd.archive.identity import Unacceptable
from pacsd.archive.instance import IngestOutcome, SenderPolicy
from pacsd.dicom.quirks import Quirk
from pacsd.dicom.status import MAX_ERROR_COMMENT_LENGTH, Status
from pacsd.index.errors import IndexFault
from pacsd.index.records import Outcome, Verdict

CONFLICT = 0xC010
"""Cannot Understand, of ours: another data set has this SOP Instance UID, and that one stays."""

DELETED = 0xC011
"""Cannot Understand, of ours: this instance was deleted and may not come back."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and Error Comment for a verdict; `warning` is the status for who wants warnings."""

    status: int
    comment: str = ""
    warning: int | None = None


_QUARANTINED = Answer(CONFLICT, "Other content under a known UID: quarantined", Status.COERCION)
_NOT_KEPT = Answer(CONFLICT, "Other content under a known UID: quarantine is full")

ANSWERS = {
    Outcome.STORED: Answer(Status.SUCCESS),
    Outcome.HELD: Answer(Status.SUCCESS),
    Outcome.DUPLICATE: Answer(Status.SUCCESS),
    Outcome.REPAIRED: Answer(Status.SUCCESS),
    Outcome.RESTORED: Answer(Status.SUCCESS),
    Outcome.REFUSED_DELETED: Answer(DELETED, "This instance was deleted"),
    Outcome.CONFLICT: _QUARANTINED,
    Outcome.CONFLICT_KNOWN: _QUARANTINED,
    # Nobody has it but the sender, who must not be told otherwise.
    Outcome.CONFLICT_FULL: _NOT_KEPT,
    Outcome.WAITING: Answer(Status.SUCCESS),
    Outcome.SUSPECT: Answer(Status.SUCCESS),
    Outcome.ASIDE_KNOWN: Answer(Status.SUCCESS),
    Outcome.ASIDE_FULL: Answer(Status.OUT_OF_RESOURCES, "Not stored: quarantine is full"),
}


def answer_verdict(
    verdict: Verdict, policy: SenderPolicy, quirks: tuple[Quirk, ...], data_set_bytes: int
) -> IngestOutcome:
    """What the index decided, in DICOM words."""
    answer = ANSWERS[verdict.outcome]
    status, comment = answer.status, answer.comment
    if answer.warning is not None and policy.warns_of_conflict:
        status = answer.warning
    elif status == Status.SUCCESS and quirks and policy.warns_of_quirks:
        status = Status.DATA_SET_MISMATCH_WARNING
        comment = f"Stored as sent, but not by the standard: {quirks[0].kind}"
    comment = comment[:MAX_ERROR_COMMENT_LENGTH]
    number = verdict.instance if verdict.outcome is Outcome.HELD else verdict.quarantined
    return IngestOutcome(
        status, comment, data_set_bytes, became=verdict.outcome, quirks=quirks, number=number
    )


def answer_fault(error: StoreError | IndexFault, data_set_bytes: int) -> IngestOutcome:
    """A700: what keeps the object out may pass, the peer may send it again."""
    word = error.fault if isinstance(error, StoreError) else error.kind
    comment = f"Not stored: {word}"[:MAX_ERROR_COMMENT_LENGTH]
    return IngestOutcome(Status.OUT_OF_RESOURCES, comment, data_set_bytes)


def answer_refusal(refused: Unacceptable, data_set_bytes: int) -> IngestOutcome:
    """The object itself is the reason."""
    return IngestOutcome(
        refused.status, refused.comment, data_set_bytes, offending=refused.offending
    )
