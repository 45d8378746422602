"""How the sub-operations of one retrieval go (PS3.4 sections C.4.2.1.6 to C.4.2.1.9)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pacsd.dicom.answer import AnswerWriter
from pacsd.dicom.headers import layout_of
from pacsd.dicom.query import ReturnKey
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.status import Status, StatusCategory, category
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.net.sending import Outcome
from pacsd.net.storage import DimseAnswer, SubOperationCounts

FAILED_SOP_INSTANCE_UID_LIST: Tag = 0x00080058

_MAX_FAILED_BYTES = 60_000
"""Of Failed SOP Instance UID List: VR UI has a length of 16 bits in Explicit VR."""


@dataclass(slots=True)
class Tally:
    """The counts of a retrieval, which always add up to the `total` that its query named."""

    total: int
    completed: int = 0
    warning: int = 0
    failed: int = 0
    failed_uids: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)

    @property
    def remaining(self) -> int:
        """Sub-operations that have not ended."""
        return max(0, self.total - self.completed - self.warning - self.failed)

    @property
    def sent(self) -> int:
        """Objects that the other side has now."""
        return self.completed + self.warning

    def ended(self, uid: str, outcome: Outcome) -> None:
        """A sub-operation ended so."""
        self.answered.add(uid)
        if not outcome.is_stored:
            self.fail(uid)
        elif outcome.status is not None and category(outcome.status) is StatusCategory.WARNING:
            self.warning += 1
        else:
            self.completed += 1

    def fail(self, uid: str) -> None:
        """A sub-operation failed, or was not even begun."""
        self.failed += 1
        self.failed_uids.append(uid)

    def fail_rest(self) -> None:
        """So did those whose objects are not known by name any more."""
        self.failed += self.remaining

    def pending(self) -> DimseAnswer:
        """How far it is."""
        return DimseAnswer(Status.PENDING, counts=self._counts(is_over=False))

    def final(self, syntax: TransferSyntax, *, is_cancelled: bool) -> DimseAnswer:
        """How it ended; the names of what failed are encoded in `syntax`."""
        if is_cancelled:
            counts = self._counts(is_over=False)
            return DimseAnswer(Status.CANCEL, counts=counts, data_set=self._failed_list(syntax))
        counts = self._counts(is_over=True)
        if not self.failed and not self.warning:
            return DimseAnswer(Status.SUCCESS, counts=counts)
        status = (
            Status.SUB_OPERATIONS_FAILED if self.sent else Status.UNABLE_TO_PERFORM_SUB_OPERATIONS
        )
        return DimseAnswer(status, counts=counts, data_set=self._failed_list(syntax))

    def _counts(self, *, is_over: bool) -> SubOperationCounts:
        """As a response tells them; remaining ones only while there may be some."""
        remaining = None if is_over else self.remaining
        return SubOperationCounts(remaining, self.completed, self.failed, self.warning)

    def _failed_list(self, syntax: TransferSyntax) -> bytes | None:
        """Failed SOP Instance UID List (PS3.4 section C.4.2.1.4.2), as many as it has room for."""
        uids = "\\".join(_fitting(self.failed_uids))
        if not uids:
            return None
        keys = (ReturnKey(FAILED_SOP_INSTANCE_UID_LIST, VR.UI),)
        return AnswerWriter(keys, layout_of(syntax)).write({FAILED_SOP_INSTANCE_UID_LIST: uids})


def _fitting(uids: Iterable[str]) -> list[str]:
    fitting: list[str] = []
    size = 0
    for uid in uids:
        size += len(uid) + 1
        if size > _MAX_FAILED_BYTES:
            break
        fitting.append(uid)
    return fitting
