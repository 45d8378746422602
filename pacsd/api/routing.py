"""Records of the hooks about routing: what may have to go somewhere, where it shall go, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pacsd.api.events import ArchiveEvent
from pacsd.api.reception import Reception

MAX_ROUTES = 100
"""Of one answer."""
MAX_TARGET_BYTES = 200
MAX_REASON_LENGTH = 500


class RoutePriority(StrEnum):
    """Which deliveries to a target go first, in the words of C-STORE (PS3.7 section 9.1.1.1.7)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class RouteSubject:
    """An instance that was stored, or a series or study that is quiet, as `event.kind` says.

    `attributes` are those that the index keeps of it and of what is above it, by keyword
    (`Modality`, `StudyDescription` ...), as far as they have values; several values joined by
    backslashes. Of a study `ModalitiesInStudy` and `NumberOfStudyRelatedInstances` are among them.
    `reception` is how it came: of a series or study, how its first instance did.
    """

    event: ArchiveEvent
    reception: Reception
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """The subject shall go to a target, because of `reason`, which whoever runs pacsd reads.

    `target` is a name that a plugin provides, or `peer:AE_TITLE` for a peer of the peers file.
    """

    target: str
    reason: str
    priority: RoutePriority = RoutePriority.MEDIUM

    def __post_init__(self) -> None:
        """See that there can be such a target.

        Raises:
            ValueError: its name is empty or too long, or the reason is.
        """
        size = len(self.target.encode(errors="surrogatepass"))
        if not 0 < size <= MAX_TARGET_BYTES or not self.target.isprintable():
            rule = f"1 to {MAX_TARGET_BYTES} bytes of printable text"
            raise ValueError(f"target {self.target[:50]!a}: must be {rule}")
        if not 0 < len(self.reason) <= MAX_REASON_LENGTH:
            rule = f"1 to {MAX_REASON_LENGTH} characters"
            raise ValueError(f"reason of {len(self.reason)} characters: must be {rule}")
