"""What an event is about, and what is known of that."""

from collections.abc import Mapping
from dataclasses import dataclass

from pacsd.api.events import ArchiveEvent
from pacsd.api.reception import Reception


@dataclass(frozen=True, slots=True)
class EventSubject:
    """An instance that was stored, or a series or study that is quiet, as `event.kind` says.

    `attributes` are those that the index keeps of it and of what is above it, by keyword
    (`Modality`, `StudyDescription` ...), as far as they have values; several values joined by
    backslashes. Of a study `ModalitiesInStudy` and `NumberOfStudyRelatedInstances` are among them.
    `reception` is how it came: of a series or study, how its first instance did. `size_bytes` is
    the size of the files of its instances together, `labels` are those of its study.

    `header` is what the DICOM JSON Model has of one of its instances but bulk data, as
    `Instances.header` gives it. It is there only where somebody asked for it (`HeaderWanted`).
    """

    event: ArchiveEvent
    reception: Reception
    attributes: Mapping[str, str]
    size_bytes: int = 0
    labels: tuple[str, ...] = ()
    header: bytes | None = None
