"""Instances that were looked up lately, for who asks for one frame after the other.

They hold until anything that was there is altered, which is when the whole memory is lost: between
two corrections or deletions are thousands of frames. Only when a copy was read back last may be
older than the index says.
"""

from collections.abc import Callable, Iterable

from pacsd.index.recent import Recent
from pacsd.index.records import StoredInstance

CAPACITY = 10_000
"""Each takes about a kilobyte."""


class LookedUp:
    """Remembers instances by partition and SOP Instance UID, for the event loop.

    `alterations` counts how often something was altered; it must have risen when whoever altered it
    is told so.
    """

    def __init__(self, alterations: Callable[[], int], capacity: int = CAPACITY) -> None:
        self._alterations = alterations
        self._known: Recent[tuple[int, str], StoredInstance] = Recent(capacity)
        self._as_of = alterations()

    def as_of(self) -> int:
        """To be taken before a look-up, and given with what it found."""
        return self._alterations()

    def get(self, partition: int, sop_instance_uid: str) -> StoredInstance | None:
        """The instance as it is now; None if it must be looked up."""
        self._forget_altered()
        return self._known.get((partition, sop_instance_uid))

    def put(self, partition: int, found: Iterable[StoredInstance], as_of: int) -> None:
        """Remember what a look-up found that began then; in vain if something was altered since."""
        self._forget_altered()
        if as_of == self._as_of:
            for each in found:
                self._known.put((partition, each.sop_instance_uid), each)

    def _forget_altered(self) -> None:
        now = self._alterations()
        if now != self._as_of:
            self._known.clear()
            self._as_of = now
