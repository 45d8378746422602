"""Values, jobs, labels, keys and the trail of a Host in memory, with the daemon's bounds."""

from collections.abc import Sequence
from dataclasses import dataclass

from pacsd.api.audit import AuditNote, check_note
from pacsd.api.host import HostError
from pacsd.api.keys import Key, KeyMissing, check_name
from pacsd.api.labels import MAX_LABEL_LENGTH, MAX_LABELS

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


class MemoryLabels:
    """The port `Labels`; of every study there may be one, and `kept` are theirs."""

    def __init__(self) -> None:
        self.kept: dict[str, set[str]] = {}

    async def set(self, study_uid: str, label: str, /) -> bool:
        """Put a label on a study."""
        if not 0 < len(label) <= MAX_LABEL_LENGTH:
            raise HostError(f"label: has {len(label)} characters, not 1 to {MAX_LABEL_LENGTH}")
        if not label.isprintable():
            raise HostError("label: has characters that cannot be printed")
        labels = self.kept.setdefault(study_uid, set())
        if label not in labels and len(labels) >= MAX_LABELS:
            raise HostError(f"label: the study has {len(labels)}, the most it may")
        is_new = label not in labels
        labels.add(label)
        return is_new

    async def remove(self, study_uid: str, label: str, /) -> bool:
        """Take a label off a study."""
        labels = self.kept.get(study_uid, set())
        was_there = label in labels
        labels.discard(label)
        return was_there

    async def of(self, study_uid: str, /) -> Sequence[str]:
        """The labels of a study."""
        return sorted(self.kept.get(study_uid, ()))


class MemoryAudit:
    """The port `Audit`; `notes` are those so far."""

    def __init__(self) -> None:
        self.notes: list[AuditNote] = []

    async def append(self, note: AuditNote, /) -> None:
        """Keep a note."""
        check_note(note)
        self.notes.append(note)


class MemoryKeys:
    """The port `Keys`; `provided` are the keys by name, for a test to fill."""

    def __init__(self) -> None:
        self.provided: dict[str, Key] = {}

    async def get(self, name: str, /) -> Key:
        """The key of this name."""
        check_name(name)
        if name not in self.provided:
            raise KeyMissing(f"key '{name}': no plugin provides '{name}'")
        return self.provided[name]


def _check_size(field: str, size: int, limit: int) -> None:
    if size > limit:
        raise HostError(f"{field}: {size} bytes are more than {limit}")
