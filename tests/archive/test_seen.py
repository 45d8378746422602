from pathlib import Path

from pacsd.archive.seen import Seen, SeenKeys
from pacsd.testing.memory_store import MemoryStore
from tests.archive.two_stores import FAST, SLOW, two_stores

KEYS = {FAST: "7", SLOW: "", "memory": "3"}


async def highest(store: str, partition: int) -> str:
    assert partition == 1
    return KEYS[store]


def test_a_key_of_each_store() -> None:
    seen = Seen("7", {SLOW: "2"})
    assert [seen.of(name) for name in ("", SLOW, "vault")] == ["7", "2", ""]
    assert seen.up_to("", "9") == Seen("9", {SLOW: "2"})
    assert seen.up_to(SLOW, "9") == Seen("7", {SLOW: "9"})


async def test_of_several_stores_what_is_seen_of_all(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as archive:
        keys = SeenKeys(archive.together, FAST, highest)
        assert await keys.now(1) == Seen("7")
        for name, seen in ((SLOW, Seen("7", {SLOW: "00000001"})), (FAST, Seen("00000001"))):
            archive.chosen = name
            assert await keys.behind(await archive.file("1.1")) == seen


async def test_of_one_store_nobody_is_asked_about_a_file(tmp_path: Path) -> None:
    async def nobody(_: str, __: int) -> str:
        raise AssertionError

    async with two_stores(tmp_path) as archive:
        new = await archive.file("1.1")
        assert await SeenKeys(MemoryStore(), "memory", nobody).behind(new) == Seen("00000001")
    assert await SeenKeys(MemoryStore(), "memory", highest).now(1) == Seen("3")
