from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from pacsd.api.store import Location
from pacsd.archive.places import Places
from pacsd.archive.state_records import Action, StateRecord
from pacsd.archive.stores import StoresTogether
from pacsd.testing.memory_store import MemoryStore


def repair(old: str, new: str) -> StateRecord:
    return StateRecord(1, "CT1", Action.REPAIR, 1, "1.2.3", b"", key=new, instead_of=old)


def delete(key: str) -> StateRecord:
    return StateRecord(1, "admin", Action.DELETE, 1, "1.2.3", b"", key=key)


async def order(keys: str, *records: StateRecord) -> str:
    """The files of these keys by their places."""
    store = MemoryStore()
    store.objects = {key: key.encode() for key in keys}

    async def locations() -> AsyncIterator[Location]:
        for key in keys:
            yield Location(store.name, key, len(key))

    placed = Places(records).in_order(store, locations())
    found: Sequence[Location] = [location async for location in placed]
    assert all(location == Location(store.name, location.key, 1) for location in found)
    return "".join(location.key for location in found)


async def test_without_repairs_the_order_is_that_of_the_keys() -> None:
    assert await order("abcd", delete("b")) == "abcd"
    assert await order("", repair("a", "b")) == ""


async def test_a_new_file_takes_the_place_of_the_one_it_replaced() -> None:
    assert await order("bcd", repair("a", "d")) == "dbc"
    assert await order("acd", repair("b", "d")) == "adc"
    assert await order("bcde", repair("a", "d"), repair("c", "e")) == "dbe"


async def test_of_several_repairs_the_last_file_counts() -> None:
    assert await order("be", repair("a", "c"), repair("c", "e")) == "eb"
    tested = Places([repair("a", "c"), repair("c", "e")])
    assert [tested.place_of(key).key for key in "abce"] == ["a", "b", "a", "a"]


async def test_what_was_replaced_and_is_still_there_is_left_out() -> None:
    assert await order("abd", repair("a", "d")) == "db"
    assert await order("bce", repair("a", "c"), repair("c", "e")) == "eb"


async def test_what_was_replaced_counts_if_the_new_file_is_gone() -> None:
    assert await order("ab", repair("a", "d")) == "ab"


def moved(old: tuple[str, str], new: tuple[str, str]) -> StateRecord:
    """A repair whose files are given by store and key; '' is the first store."""
    return replace(repair(old[1], new[1]), instead_of_store=old[0], store=new[0])


async def order_of_two(of: str, first: str, other: str, *records: StateRecord) -> str:
    """The files of one of two stores by their places; those of the other store in capitals."""
    stores = {"fast": MemoryStore("fast"), "slow": MemoryStore("slow")}
    stores["fast"].objects = dict.fromkeys(first, b"x")
    stores["slow"].objects = dict.fromkeys(other, b"x")
    name = of or "fast"

    async def locations() -> AsyncIterator[Location]:
        for key in first if name == "fast" else other:
            yield Location(name, key, 1)

    placed = Places(records).in_order(StoresTogether(stores), locations(), of)
    return "".join([each.key if each.store == name else each.key.upper() async for each in placed])


@pytest.mark.parametrize(
    ("first", "other", "records", "in_first", "in_other"),
    [
        ("ac", "ab", [moved(("", "b"), ("slow", "a"))], "aAc", "b"),
        ("ab", "ab", [moved(("", "b"), ("slow", "a"))], "aA", "b"),
        ("a", "ab", [moved(("", "c"), ("slow", "b"))], "aB", "a"),
        ("ab", "b", [moved(("", "b"), ("slow", "a"))], "ab", "b"),
        ("ac", "b", [moved(("slow", "a"), ("", "c"))], "a", "Cb"),
        ("bd", "ac", [moved(("", "a"), ("slow", "a")), moved(("slow", "a"), ("", "d"))], "db", "c"),
        ("b", "a", [moved(("", "a"), ("slow", "a")), moved(("slow", "a"), ("", "d"))], "b", "a"),
    ],
)
async def test_what_replaces_a_file_may_lie_in_another_store(
    first: str, other: str, records: list[StateRecord], in_first: str, in_other: str
) -> None:
    assert await order_of_two("", first, other, *records) == in_first
    assert await order_of_two("slow", first, other, *records) == in_other
