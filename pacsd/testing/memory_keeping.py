"""Values and jobs of a Host in memory, with the bounds of the daemon's."""

from collections.abc import Sequence
from dataclasses import dataclass

from pacsd.api.host import HostError

MAX_KEYS = 10_000
MAX_KEY_BYTES = 512
MAX_VALUE_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 60 * 1024


class MemoryValues:
    """The port `Values`; `kept` are the values by key."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def get(self, key: str, /) -> bytes | None:
        """The value under a key."""
        return self.kept.get(key)

    async def put(self, key: str, value: bytes, /) -> None:
        """Keep a value."""
        _check_size("key", len(key.encode()), MAX_KEY_BYTES)
        _check_size("value", len(value), MAX_VALUE_BYTES)
        if key not in self.kept and len(self.kept) >= MAX_KEYS:
            raise HostError(f"there are {MAX_KEYS} keys")
        self.kept[key] = value

    async def put_if_equal(self, key: str, value: bytes, expected: bytes | None, /) -> bool:
        """Keep a value if the one there now is the expected one."""
        if self.kept.get(key) != expected:
            return False
        await self.put(key, value)
        return True

    async def delete(self, key: str, /) -> bool:
        """Keep nothing under a key."""
        return self.kept.pop(key, None) is not None

    async def keys(self, prefix: str = "", after: str = "", /) -> Sequence[str]:
        """Keys that begin so, in their order."""
        found = [key for key in sorted(self.kept) if key.startswith(prefix) and key > after]
        return found[:1_000]


@dataclass(frozen=True, slots=True)
class EnqueuedJob:
    """Work that a plugin gave itself; nobody comes back with it."""

    name: str
    payload: str
    unique_key: str
    after_s: float


class MemoryJobs:
    """The port `Jobs`; `enqueued` are those given so far, all of them open."""

    def __init__(self) -> None:
        self.enqueued: list[EnqueuedJob] = []

    async def enqueue(
        self, name: str, payload: str = "", /, *, unique_key: str = "", after_s: float = 0.0
    ) -> int:
        """Keep a job."""
        _check_size("payload", len(payload.encode()), MAX_PAYLOAD_BYTES)
        for number, each in enumerate(self.enqueued, 1):
            if unique_key and (each.name, each.unique_key) == (name, unique_key):
                return number
        self.enqueued.append(EnqueuedJob(name, payload, unique_key, after_s))
        return len(self.enqueued)


def _check_size(field: str, size: int, limit: int) -> None:
    if size > limit:
        raise HostError(f"{field}: {size} bytes are more than {limit}")
