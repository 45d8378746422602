"""What a plugin may ask of the daemon, wherever the plugin lives.

Values    a durable key-value store of the plugin's own
Jobs      durable work, which comes back to the plugin by the hook `pacsd_job`

Clock     tells the time

Beside them there is what `instances`, `labels`, `audit`, `keys` and `metrics` of pacsd.api have.
All but time and metrics is there once the archive is open, which is after `startup` (keys a little
sooner, for who provides the store): before, and once it is closed, it raises HostError.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class HostError(Exception):
    """The daemon does not do what a plugin asks of it; the text says why."""


class Values(Protocol):
    """Values under keys of the plugin's own: at most 10,000, each of 64 KiB, durable.

    A key is text of 512 bytes at most. All calls raise HostError for what is beyond a bound, and
    when the index fails.
    """

    async def get(self, key: str, /) -> bytes | None:
        """The value under a key, None without one."""

    async def put(self, key: str, value: bytes, /) -> None:
        """Keep a value, in place of the one under its key; durable once this returns."""

    async def put_if_equal(self, key: str, value: bytes, expected: bytes | None, /) -> bool:
        """Keep a value if the one there now is the expected one (None: there is none)."""

    async def delete(self, key: str, /) -> bool:
        """Keep nothing under a key; whether there was something."""

    async def keys(self, prefix: str = "", after: str = "", /) -> Sequence[str]:
        """At most 1,000 keys that begin so, in their order, from behind `after` on."""


@dataclass(frozen=True, slots=True)
class PluginJob:
    """Work that a plugin gave itself. `payload` is text of the plugin's own, such as JSON.

    `attempt` is 1 for the first one. What is done twice must not harm: an attempt whose end could
    not be kept comes again.
    """

    number: int
    name: str
    payload: str
    attempt: int


class Jobs(Protocol):
    """Durable work of the plugin's own."""

    async def enqueue(
        self, name: str, payload: str = "", /, *, unique_key: str = "", after_s: float = 0.0
    ) -> int:
        """Have `pacsd_job` called for it once `after_s` have passed; the number of the job.

        While a job of this name with the same `unique_key` (not '') is open its number is answered,
        and nothing is added. A payload has 60 KiB at most. Durable once this returns.

        Raises:
            HostError: a bound is passed, or the index fails.
        """


class _Nowhere:
    """Keeps nothing: what a Host has that no daemon made."""

    async def get(self, _key: str, /) -> bytes | None:
        raise _no_daemon()

    async def put(self, _key: str, _value: bytes, /) -> None:
        raise _no_daemon()

    async def put_if_equal(self, _key: str, _value: bytes, _expected: bytes | None, /) -> bool:
        raise _no_daemon()

    async def delete(self, _key: str, /) -> bool:
        raise _no_daemon()

    async def keys(self, _prefix: str = "", _after: str = "", /) -> Sequence[str]:
        raise _no_daemon()

    async def enqueue(
        self, _name: str, _payload: str = "", /, *, unique_key: str = "", after_s: float = 0.0
    ) -> int:
        raise _no_daemon(unique_key, after_s)


class Clock(Protocol):
    """Tells the time."""

    def now_us(self) -> int:
        """UTC microseconds since 1970; may go back when somebody sets the time."""


class SystemClock:
    """The clock of this machine."""

    def now_us(self) -> int:
        """UTC microseconds since 1970."""
        return time.time_ns() // 1_000


NOWHERE = _Nowhere()
"""Values and jobs without a daemon: each call raises HostError."""


def _no_daemon(*_: object) -> HostError:
    return HostError("there is no daemon that keeps anything")
