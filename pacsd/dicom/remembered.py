"""A memory of what was written before, bounded in number and in bytes."""

from collections.abc import Hashable
from typing import Generic, TypeVar

MAX_BYTES = 1024 * 1024
"""Of values in one generation; keys, of which they were written, are about as long."""

_Key = TypeVar("_Key", bound=Hashable)


class Remembered(Generic[_Key]):
    """Bytes by key, in two generations: when the younger is full, the older is forgotten.

    What is asked for moves into the younger, so that what is used stays. Unlike an order by last
    use this costs nothing when something is found: as a rule it is in `younger`.
    """

    __slots__ = ("_bytes", "_most", "_older", "younger")

    def __init__(self, most: int) -> None:
        self._most = max(most // 2, 1)
        self.younger: dict[_Key, bytes] = {}
        self._older: dict[_Key, bytes] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self.younger) + len(self._older)

    def get(self, key: _Key) -> bytes | None:
        """What was put under this key, if it is still known."""
        found = self.younger.get(key)
        if found is None:
            found = self._older.pop(key, None)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: _Key, value: bytes) -> None:
        """Remember a value."""
        if len(self.younger) >= self._most or self._bytes + len(value) > MAX_BYTES:
            self._older, self.younger, self._bytes = self.younger, {}, 0
        self.younger[key] = value
        self._bytes += len(value)
