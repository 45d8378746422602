"""Keys, and the names that things have in the bucket.

A key is the generation of the spool, four hexadecimal digits, and the key the spool gave:
`0001/1/000/000/00a/01f.dcm`. A spool that is new has a new generation, higher than all before: keys
rise, and none is ever given twice, whatever disk is lost.
"""

import re
from dataclasses import dataclass

MAX_GENERATION = 0xFFFF

_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
_SPOOL_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_KEY = re.compile(rf"([0-9a-f]{{4}})/({_SPOOL_KEY.pattern})")
_MAX_KEY_CHARACTERS = 400


def make_key(generation: int, spool_key: str) -> str:
    """The key of an object that the spool keeps under a key of its own.

    Raises:
        ValueError: the spool's key cannot be part of a name in a bucket.
    """
    key = f"{generation:04x}/{spool_key}"
    if not is_key(key):
        raise ValueError(f"spool key {spool_key!r}: not letters, digits, '_', '.', '-' and '/'")
    return key


def is_key(text: str) -> bool:
    """Whether a text may be a key; a way out of the store is none."""
    return len(text) <= _MAX_KEY_CHARACTERS and _KEY.fullmatch(text) is not None


def spool_key_of(key: str) -> str:
    """The key in the spool; of a key only."""
    return key[5:]


def generation_of(key: str) -> int:
    """The generation; of a key only."""
    return int(key[:4], 16)


@dataclass(frozen=True, slots=True)
class Names:
    """The names below a prefix of the bucket."""

    prefix: str = ""

    @property
    def marker(self) -> str:
        """Says whose bucket it is."""
        return f"{self.prefix}pacsd-store.json"

    @property
    def objects(self) -> str:
        """The folder of objects."""
        return f"{self.prefix}objects"

    @property
    def generations(self) -> str:
        """The folder of claimed generations."""
        return f"{self.prefix}generations"

    @property
    def state_log(self) -> str:
        """The folder of the state log's segments."""
        return f"{self.prefix}state-log"

    def object(self, key: str) -> str:
        """An object."""
        return f"{self.objects}/{key}"

    def blocks(self, key: str) -> str:
        """The digests of a large object's blocks."""
        return f"{self.prefix}blocks/{key}"

    def generation(self, number: int) -> str:
        """The claim of a generation."""
        return f"{self.generations}/{number:04x}"

    def segment(self, first: int) -> str:
        """A segment of the state log, by the number of its first record."""
        return f"{self.state_log}/{first:012d}"

    def key(self, name: str) -> str | None:
        """The key of an object's name, None of any other."""
        key = name.removeprefix(f"{self.objects}/")
        return key if key != name and is_key(key) else None
