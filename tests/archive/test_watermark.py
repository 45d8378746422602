import pytest

from pacsd.api.store import StoreStatus
from pacsd.archive.watermark import Watermark
from pacsd.testing.memory_store import MemoryStore


async def refusal(status: StoreStatus) -> str | None:
    store = MemoryStore()
    store.current_status = status
    watermark = Watermark(store, min_free_bytes=100, min_free_inodes=10)
    await watermark.refresh()
    return watermark.refusal


@pytest.mark.parametrize(
    "status",
    [
        StoreStatus(100, 10, is_read_only=False, explanation=""),
        StoreStatus(None, None, is_read_only=False, explanation=""),
        StoreStatus(500, 50, is_read_only=False, explanation="watching"),
    ],
)
async def test_admits_while_there_is_room(status: StoreStatus) -> None:
    assert await refusal(status) is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (StoreStatus(99, 10, is_read_only=False, explanation=""), "99 bytes free, less than 100"),
        (StoreStatus(100, 9, is_read_only=False, explanation=""), "9 inodes free, less than 10"),
        (StoreStatus(100, 10, is_read_only=True, explanation="2 failed flushes"), "2 failed fl"),
    ],
)
async def test_refuses_by_naming_value_and_mark(status: StoreStatus, reason: str) -> None:
    assert reason in (await refusal(status) or "")


def test_refuses_until_the_store_was_asked() -> None:
    assert Watermark(MemoryStore(), min_free_bytes=0, min_free_inodes=0).refusal is not None


async def test_a_store_that_cannot_tell_takes_nothing_in() -> None:
    store = MemoryStore()
    store.errors["status"] = KeyError("gone")
    watermark = Watermark(store, min_free_bytes=0, min_free_inodes=0)
    await watermark.refresh()
    assert "KeyError" in (watermark.refusal or "")
