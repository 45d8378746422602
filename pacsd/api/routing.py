"""Records of the hooks about routing: where something shall go, and why."""

from dataclasses import dataclass
from enum import StrEnum

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
