"""Lines of a log that repeat: one in an interval for each kind, and how many were not written."""

from dataclasses import dataclass

MAX_KINDS = 256
OTHERS = "others"
"""What further kinds are taken for."""


@dataclass(slots=True)
class _Kind:
    written_at_s: float
    unwritten: int = 0


class Repeats:
    """Counts the lines that are not written; times are seconds of a clock that never goes back."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._kinds: dict[str, _Kind] = {}

    def admit(self, kind: str, now_s: float) -> int | None:
        """How many were not written since the last of this kind; None: nor shall this one be."""
        if kind not in self._kinds and len(self._kinds) >= MAX_KINDS:
            kind = OTHERS
        known = self._kinds.get(kind)
        if known is not None and now_s - known.written_at_s < self._interval_s:
            known.unwritten += 1
            return None
        self._kinds[kind] = _Kind(now_s)
        return 0 if known is None else known.unwritten

    def take_rest(self, now_s: float | None = None) -> dict[str, int]:
        """How many were not written of each kind whose interval is over; of all kinds, if None.

        They are forgotten: whoever asks has to tell.
        """
        over = {
            kind: known.unwritten
            for kind, known in self._kinds.items()
            if now_s is None or now_s - known.written_at_s >= self._interval_s
        }
        for kind in over:
            del self._kinds[kind]
        return {kind: unwritten for kind, unwritten in over.items() if unwritten}
