"""What the commands about corrections answer: values of patients, which are what is asked for."""

from dataclasses import dataclass
from typing import Self

from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.tag import format_tag
from pacsd.index.overlay_records import ListedOverlay

_US = 1_000_000


@dataclass(frozen=True, slots=True)
class CorrectedAttribute:
    """One attribute that was corrected; `corrected_at` is seconds since 1970, UTC.

    `level` and `uid` say whose it is: of a patient that is the Patient ID, or the study through
    which it was corrected just now. `old_value` is None where only the objects themselves say it.
    """

    number: int
    corrected_at: float
    level: str
    uid: str
    keyword: str
    old_value: str | None
    new_value: str
    actor: str
    reason: str

    @classmethod
    def of(cls, listed: ListedOverlay) -> Self:
        """The answer for what the index says."""
        overlay = listed.overlay
        return cls(
            number=overlay.id,
            corrected_at=overlay.at_us / _US,
            level=overlay.level.name.lower(),
            uid=listed.uid,
            keyword=keyword_of(overlay.tag) or format_tag(overlay.tag),
            old_value=overlay.old_value,
            new_value=overlay.new_value,
            actor=overlay.actor,
            reason=overlay.reason,
        )
