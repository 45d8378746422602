from pathlib import Path

import pytest

from pacsd.index import plugin_values
from pacsd.index.errors import PluginValueRefused
from pacsd.index.index import Index, open_index
from pacsd.index.plugin_values import MAX_KEY_BYTES, MAX_VALUE_BYTES
from pacsd.index.records import Scope
from tests.index.made import SCOPE, Clock


async def test_a_plugin_finds_what_it_kept(tmp_path: Path) -> None:
    async with open_index(tmp_path, now_us=Clock()) as index:
        await index.plugin_values.put(SCOPE, "route", "a", b"1")
        await index.plugin_values.put(SCOPE, "route", "a", b"\x00\xff")
    async with open_index(tmp_path, now_us=Clock()) as index:
        assert await index.plugin_values.get(SCOPE, "route", "a") == b"\x00\xff"
        assert await index.plugin_values.get(SCOPE, "other", "a") is None
        assert await index.plugin_values.get(Scope(2), "route", "a") is None


async def test_a_value_is_replaced_if_it_is_the_expected_one(index: Index) -> None:
    values = index.plugin_values
    assert not await values.put_if_equal(SCOPE, "route", "a", b"1", b"0")
    assert await values.put_if_equal(SCOPE, "route", "a", b"1", None)
    assert not await values.put_if_equal(SCOPE, "route", "a", b"2", None)
    assert await values.put_if_equal(SCOPE, "route", "a", b"2", b"1")
    assert await values.get(SCOPE, "route", "a") == b"2"


async def test_what_is_deleted_is_gone(index: Index) -> None:
    await index.plugin_values.put(SCOPE, "route", "a", b"1")
    assert not await index.plugin_values.delete(SCOPE, "other", "a")
    assert await index.plugin_values.delete(SCOPE, "route", "a")
    assert not await index.plugin_values.delete(SCOPE, "route", "a")
    assert await index.plugin_values.get(SCOPE, "route", "a") is None


async def test_keys_are_listed_by_prefix_and_page(index: Index) -> None:
    for key in ("b", "a/2", "a/1", "a%", "A/1", "a/3"):
        await index.plugin_values.put(SCOPE, "route", key, b"")
    keys = index.plugin_values.keys
    assert await keys(SCOPE, "route") == ["A/1", "a%", "a/1", "a/2", "a/3", "b"]
    assert await keys(SCOPE, "route", "a/", limit=2) == ["a/1", "a/2"]
    assert await keys(SCOPE, "route", "a/", after="a/2") == ["a/3"]
    assert await keys(SCOPE, "route", "%") == []
    assert await keys(SCOPE, "other") == []


@pytest.mark.parametrize(
    ("key", "size", "rule"),
    [
        ("", 0, "key: is empty"),
        ("a\0", 0, "key: is empty or has a NUL"),
        ("\ud800", 0, "key: is no Unicode text"),
        ("k" * (MAX_KEY_BYTES + 1), 0, "key: 513 bytes are more than 512"),
        ("k", MAX_VALUE_BYTES + 1, "value: 65537 bytes are more than 65536"),
    ],
)
async def test_what_is_too_long_is_refused(index: Index, key: str, size: int, rule: str) -> None:
    with pytest.raises(PluginValueRefused, match=rule):
        await index.plugin_values.put(SCOPE, "route", key, b"x" * size)
    assert await index.plugin_values.keys(SCOPE, "route") == []


async def test_a_plugin_has_so_many_keys(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_values, "MAX_KEYS", 2)
    for key in ("a", "b"):
        await index.plugin_values.put(SCOPE, "route", key, b"1")
    with pytest.raises(PluginValueRefused, match="plugin route: has 2 keys, the most it may"):
        await index.plugin_values.put(SCOPE, "route", "c", b"1")
    await index.plugin_values.put(SCOPE, "route", "a", b"2")
    await index.plugin_values.put(SCOPE, "other", "c", b"1")
