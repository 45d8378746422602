"""At most one of something in an interval for each key, and how many were left out."""

from collections import OrderedDict

MAX_KEYS = 1_024


class RateLimit:
    """Remembers the keys admitted last; the oldest goes when there are too many."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._keys: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def admit(self, key: str, now: float) -> int | None:
        """How many were left out since the last admitted one; None if this one is left out too."""
        admitted_at, left_out = self._keys.get(key, (now - self._interval_s, 0))
        if now - admitted_at < self._interval_s:
            self._keys[key] = (admitted_at, left_out + 1)
            return None
        self._keys[key] = (now, 0)
        self._keys.move_to_end(key)
        if len(self._keys) > MAX_KEYS:
            self._keys.popitem(last=False)
        return left_out
