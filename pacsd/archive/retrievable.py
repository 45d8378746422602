"""An instance that is to leave: from where, and with what corrected."""

from collections.abc import Mapping
from dataclasses import dataclass

from pacsd.archive.corrected_reading import new_values
from pacsd.dicom.plain_corrector import NewValue
from pacsd.dicom.tag import Tag
from pacsd.index.overlay_records import Overlay
from pacsd.index.records import Copy, CopyState, InstanceState, StoredInstance


@dataclass(frozen=True, slots=True)
class Retrievable:
    """An instance that may be read, from one of its copies, the best one first.

    `corrections` are what was corrected of it, of its series, study or patient. `number` and
    `series` are the index's own numbers of it and of its series.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    copies: tuple[Copy, ...]
    corrections: tuple[NewValue, ...] = ()
    series_instance_uid: str = ""
    number: int = 0
    series: int | None = None

    @property
    def is_corrected(self) -> bool:
        """Whether it may leave with other values than it has in the store, and so other bytes."""
        return bool(self.corrections)

    @property
    def transfer_syntax_uid(self) -> str:
        """That of its first copy."""
        return self.copies[0].transfer_syntax_uid

    @property
    def data_set_bytes(self) -> int:
        """The length of its data set in the store; corrected, it is even if this is."""
        return self.copies[0].data_set_bytes

    def is_sound(self, copy: Copy) -> bool:
        """Whether one of its copies is whole, as far as is known, and the same as the first."""
        first = self.copies[0]
        same = first.sha256, first.transfer_syntax_uid
        return copy.state is CopyState.OK and (copy.sha256, copy.transfer_syntax_uid) == same


def may_leave(instance: StoredInstance) -> bool:
    """Whether there is anything to be read, for whoever asks."""
    return instance.state is InstanceState.LIVE and bool(instance.copies)


def retrievable(instance: StoredInstance, overlays: Mapping[Tag, Overlay] | None) -> Retrievable:
    """One that may leave: damaged copies are its last resort."""
    best_first = sorted(instance.copies, key=lambda copy: copy.state is not CopyState.OK)
    return Retrievable(
        instance.sop_class_uid,
        instance.sop_instance_uid,
        instance.study_instance_uid,
        tuple(best_first),
        new_values(overlays) if overlays else (),
        instance.series_instance_uid,
        instance.id,
        instance.series,
    )
