import anyio
import anyio.lowlevel
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import StoreStatus
from pacsd.archive import statuses
from pacsd.archive.statuses import taking_deletions
from pacsd.testing.memory_store import MemoryStore


class Silent(MemoryStore):
    async def status(self) -> StoreStatus:
        await anyio.sleep_forever()
        raise AssertionError


async def test_who_is_read_only_fails_or_says_nothing_takes_no_deletions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(statuses, "ANSWER_S", 0.01)
    stores = {name: MemoryStore(name) for name in ("b", "failing", "worn", "broken", "a")}
    stores["failing"].errors["status"] = StoreError(StoreFault.INPUT_OUTPUT, "test")
    stores["broken"].errors["status"] = KeyError("a defect")
    stores["worn"].current_status = StoreStatus(None, None, is_read_only=True, explanation="worn")
    assert await taking_deletions({**stores, "silent": Silent("silent")}) == ("b", "a")
