"""What somebody wants corrected, on its way into the state log."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pacsd.api.correction_rules import check_correction, check_reason
from pacsd.archive.state_records import StateRecord
from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.index.index import Index
from pacsd.index.overlay_records import Correctable
from pacsd.index.records import Scope


class NothingToCorrect(Exception):
    """A UID means nothing here, or more than one thing; the text says which."""


@dataclass(frozen=True, slots=True)
class CorrectionRequest:
    """New values for attributes of a study, a series or an instance, '' for none: by whom, and why.

    Attributes of a patient are corrected through one of its studies, for all of them.
    """

    level: Level
    uid: str
    values: Mapping[Tag, str]
    actor: str
    reason: str

    def check(self) -> None:
        """See that all of it may be done.

        Raises:
            NotCorrectable: some of it may not.
        """
        check_reason(self.reason)
        for tag, value in self.values.items():
            check_correction(self.level, tag, value)

    async def find(self, index: Index, scope: Scope) -> Correctable:
        """What it is about.

        Raises:
            NothingToCorrect: the UID means nothing, or more than one thing.
        """
        found = await index.overlays.correctable(scope, self.level, self.uid)
        if len(found) == 1:
            return found[0]
        what = f"{self.level.name.lower()} {printable(self.uid)}"
        if not found:
            raise NothingToCorrect(f"there is no {what}")
        raise NothingToCorrect(f"{what} is in {len(found)} studies: which one is not clear")

    def records(self, first: StateRecord) -> list[StateRecord]:
        """A record for each attribute, in the order of tags, with the facts of this one."""
        is_instance = self.level is Level.INSTANCE
        common = replace(
            first,
            sop_instance_uid=self.uid if is_instance else "",
            level=self.level.name,
            uid=self.uid,
            reason=self.reason,
        )
        return [
            replace(common, tag=f"{tag:08X}", value=value)
            for tag, value in sorted(self.values.items())
        ]
