import pytest

from pacsd.api.store import StoreStatus
from pacsd.archive.watermark import Watermark
from pacsd.testing.memory_store import MemoryStore


async def asked(status: StoreStatus) -> Watermark:
    store = MemoryStore()
    store.current_status = status
    watermark = Watermark(store, min_free_bytes=100, min_free_inodes=10)
    await watermark.refresh()
    return watermark


async def refusal(status: StoreStatus) -> str | None:
    return (await asked(status)).refusal


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


@pytest.mark.parametrize(
    ("status", "warning"),
    [
        (StoreStatus(200, 20, is_read_only=False, explanation=""), None),
        (StoreStatus(None, None, is_read_only=False, explanation=""), None),
        (StoreStatus(199, 20, is_read_only=False, explanation=""), "199 bytes free, less than 200"),
        (StoreStatus(149, 20, is_read_only=False, explanation=""), "149 bytes free, less than 150"),
        (StoreStatus(200, 19, is_read_only=False, explanation=""), "19 inodes free, less than 20"),
        (StoreStatus(200, 20, is_read_only=False, explanation="1 failed flushes"), "1 failed fl"),
    ],
)
async def test_warns_before_it_refuses(status: StoreStatus, warning: str | None) -> None:
    watermark = await asked(status)
    assert watermark.refusal is None
    if warning is None:
        assert watermark.warning is None
    else:
        assert warning in (watermark.warning or "")


async def test_a_refusal_is_also_a_warning() -> None:
    watermark = await asked(StoreStatus(99, 10, is_read_only=False, explanation=""))
    assert watermark.warning == watermark.refusal == "store has 99 bytes free, less than 100"


@pytest.mark.parametrize(
    ("free_bytes", "is_open"), [(200, True), (150, True), (149, False), (100, False), (99, False)]
)
async def test_nobody_new_may_come_before_it_is_full(free_bytes: int, *, is_open: bool) -> None:
    watermark = await asked(StoreStatus(free_bytes, 99, is_read_only=False, explanation="1 failed"))
    assert (watermark.door is None) is is_open
    assert (watermark.refusal is None) is (free_bytes >= 100)
