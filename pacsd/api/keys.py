"""Keys: secrets that one plugin keeps and others work with, each had by its name."""

from dataclasses import dataclass, field
from typing import Protocol

from pacsd.api.host import HostError

MAX_NAME_LENGTH = 200
MAX_KEY_ID_LENGTH = 128
MAX_SECRET_BYTES = 8 * 1024
KEPT_S = 60.0
"""For so long a key that was given is given again, before its provider is asked anew."""


class KeyRefused(ValueError):
    """What is no key, or cannot be one now; the text says why, and nothing of the secret."""


class KeyMissing(HostError):
    """A key that cannot be had; the text names it and says why, and nothing of any secret."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is now. `secret` is 1 byte to 8 KiB, and not in the representation of a Key.

    `key_id` says which one it is, in 1 to 128 printable characters of ASCII: it is no secret, and
    stands beside what was made with the key. Another secret under the same name has another one.
    """

    key_id: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """See that it is one."""
        if not _is_plain(self.key_id):
            raise KeyRefused("key_id: is not printable ASCII")
        if not 0 < len(self.key_id) <= MAX_KEY_ID_LENGTH:
            raise KeyRefused(f"key_id: has not 1 to {MAX_KEY_ID_LENGTH} characters")
        if not isinstance(self.secret, bytes):
            raise KeyRefused(f"secret: {type(self.secret).__name__} instead of bytes")
        if not 0 < len(self.secret) <= MAX_SECRET_BYTES:
            raise KeyRefused(f"secret: has not 1 to {MAX_SECRET_BYTES} bytes")


class Keys(Protocol):
    """The keys that plugins provide (`pacsd_key`), there once every plugin has started up.

    A key is nowhere but in memory. Ask for it each time you need it, and keep it no longer: who
    provides it may exchange it.
    """

    async def get(self, name: str, /) -> Key:
        """The key of this name as it is now.

        Raises:
            KeyMissing: no plugin provides it, two do, the one that does fails, or is who asks; the
                text names the key.
        """


class _NoKeys:
    """Has none: what a Host has that no daemon made."""

    async def get(self, _name: str, /) -> Key:
        raise KeyMissing("there is no daemon that has keys")


NO_KEYS = _NoKeys()
"""Keys without a daemon: each call raises KeyMissing."""


def check_name(name: str) -> None:
    """See that a name may be that of a key.

    Raises:
        KeyMissing: it may not.
    """
    if not 0 < len(name) <= MAX_NAME_LENGTH or not _is_plain(name):
        raise KeyMissing(f"key: a name has 1 to {MAX_NAME_LENGTH} printable characters of ASCII")


def _is_plain(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isprintable()
