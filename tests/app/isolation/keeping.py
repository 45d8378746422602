"""A plugin that asks its Host for everything there is, and a Host that gives it from memory."""

from collections.abc import Sequence

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.hooks import hookimpl
from pacsd.api.host import HostError
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings


class Keeping(Plugin[Settings]):
    @hookimpl
    async def pacsd_association_requested(self, request: AssociationRequest) -> Refusal:
        values, jobs = self.host.values, self.host.jobs
        try:
            await values.put("a", b"\x00\xff")
            kept = await values.get("a"), await values.get("b")
            put = (
                await values.put_if_equal("a", b"2", b"1"),
                await values.put_if_equal("b", b"2", None),
            )
            keys = list(await values.keys("", "a"))
            deleted = await values.delete("a"), await values.delete("x")
            number = await jobs.enqueue("job", "päyload", unique_key="u", after_s=2)
            await values.put(request.called_ae, b"")
        except HostError as error:
            return Refusal(1, 1, 1, f"refused: {error}")
        return Refusal(1, 1, 1, f"{kept} {put} {keys} {deleted} {number}")


SAID = "(b'\\x00\\xff', None) (False, True) ['b'] (True, False) 7"


class MemoryValues:
    """Values in memory; a key named FULL is refused."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def get(self, key: str, /) -> bytes | None:
        return self.kept.get(key)

    async def put(self, key: str, value: bytes, /) -> None:
        if key == "FULL":
            raise HostError("there are 10000 keys")
        self.kept[key] = value

    async def put_if_equal(self, key: str, value: bytes, expected: bytes | None, /) -> bool:
        if self.kept.get(key) != expected:
            return False
        self.kept[key] = value
        return True

    async def delete(self, key: str, /) -> bool:
        return self.kept.pop(key, None) is not None

    async def keys(self, prefix: str = "", after: str = "", /) -> Sequence[str]:
        return [key for key in sorted(self.kept) if key.startswith(prefix) and key > after]


class MemoryJobs:
    """Jobs in memory."""

    def __init__(self) -> None:
        self.enqueued: list[tuple[str, str, str, float]] = []

    async def enqueue(
        self, name: str, payload: str = "", /, *, unique_key: str = "", after_s: float = 0.0
    ) -> int:
        self.enqueued.append((name, payload, unique_key, after_s))
        return 7
