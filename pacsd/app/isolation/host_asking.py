"""The Host of a plugin that lives elsewhere: what it asks for goes where the daemon's Host is."""

from collections.abc import Awaitable, Callable, Sequence
from typing import cast

Ask = Callable[[str, tuple[object, ...]], Awaitable[object]]
"""Asks by method and arguments; raises HostError."""


class AskingValues:
    """The port `Values`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def get(self, key: str, /) -> bytes | None:
        """The value under a key."""
        return cast("bytes | None", await self._ask("values.get", (key,)))

    async def put(self, key: str, value: bytes, /) -> None:
        """Keep a value."""
        await self._ask("values.put", (key, value))

    async def put_if_equal(self, key: str, value: bytes, expected: bytes | None, /) -> bool:
        """Keep a value if the one there now is the expected one."""
        return cast("bool", await self._ask("values.put_if_equal", (key, value, expected)))

    async def delete(self, key: str, /) -> bool:
        """Keep nothing under a key."""
        return cast("bool", await self._ask("values.delete", (key,)))

    async def keys(self, prefix: str = "", after: str = "", /) -> Sequence[str]:
        """Keys that begin so, in their order."""
        return cast("Sequence[str]", await self._ask("values.keys", (prefix, after)))


class AskingJobs:
    """The port `Jobs`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def enqueue(
        self, name: str, payload: str = "", /, *, unique_key: str = "", after_s: float = 0.0
    ) -> int:
        """Add a job."""
        arguments = (name, payload, unique_key, float(after_s))
        return cast("int", await self._ask("jobs.enqueue", arguments))
