"""Several stores as one; the contract's foreign locations are those of its second store."""

import hashlib
from collections.abc import Sequence

import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import (
    ByteRange,
    Location,
    Staged,
    StageRequest,
    StoreStatus,
    opens_files,
    reads_together,
)
from pacsd.archive.stores import StoresTogether, name_in_log, part_of, parts_of
from pacsd.testing.blob_store_contract import (
    PREFACE,
    BlobStoreContract,
    ReadsTogetherContract,
    list_all,
    read_all,
)
from pacsd.testing.memory_store import MemoryStore

SOMEWHERE = Location("vault", "1", 1)


class TestContract(BlobStoreContract, ReadsTogetherContract):
    @pytest.fixture
    def store(self) -> StoresTogether:
        return StoresTogether({"memory": MemoryStore(), "elsewhere": MemoryStore("elsewhere")})


class PlainStore(MemoryStore):
    """Reads one object at a time."""

    read_together = None  # type: ignore[assignment]


@pytest.fixture
def fast() -> MemoryStore:
    return MemoryStore("fast")


@pytest.fixture
def slow() -> MemoryStore:
    return PlainStore("slow")


@pytest.fixture
def store(fast: MemoryStore, slow: MemoryStore) -> StoresTogether:
    return StoresTogether({"fast": fast, "slow": slow})


async def staged(store: StoresTogether, name: str, content: bytes) -> Staged:
    each = await store.stage_in(name, StageRequest(1, PREFACE, hashlib.sha256()))
    await each.write([content])
    return each


async def committed(store: StoresTogether, *contents: tuple[str, bytes]) -> list[Location]:
    results = await store.commit([await staged(store, *each) for each in contents])
    assert all(isinstance(each, Location) for each in results), results
    return [each for each in results if isinstance(each, Location)]


async def test_a_group_has_one_answer_each_in_its_order(store: StoresTogether) -> None:
    contents = [("fast", b"1"), ("slow", b"2"), ("slow", b"3"), ("fast", b"4"), ("slow", b"5")]
    locations = await committed(store, *contents)
    assert [each.store for each in locations] == [name for name, _ in contents]
    for location, (_, content) in zip(locations, contents, strict=True):
        assert await read_all(store, location) == PREFACE + content
    assert sorted(location.key for location in locations) == [
        "00000001", "00000001", "00000002", "00000002", "00000003",
    ]  # fmt: skip
    assert await list_all(store) == [
        *(each for each in locations if each.store == "fast"),
        *(each for each in locations if each.store == "slow"),
    ]


@pytest.mark.parametrize(
    "error", [StoreError(StoreFault.NO_SPACE, "full"), KeyError("a defect")], ids=["fault", "bug"]
)
async def test_what_fails_in_one_store_fails_only_what_is_there(
    store: StoresTogether, slow: MemoryStore, error: Exception
) -> None:
    group = [await staged(store, name, b"x") for name in ("slow", "fast", "slow")]
    slow.errors["commit"] = error
    first, second, third = await store.commit(group)
    assert isinstance(first, StoreError)
    assert isinstance(second, Location)
    assert isinstance(third, StoreError)
    assert ("store slow: commit: KeyError" in first.explanation) == isinstance(error, KeyError)


async def test_a_store_that_answers_too_little_fails_its_own(store: StoresTogether) -> None:
    class Forgetful(MemoryStore):
        async def commit(self, group: Sequence[Staged], /) -> Sequence[Location | StoreError]:
            return (await super().commit(group))[:-1]

    store.parts["slow"] = Forgetful("slow")
    group = [await staged(store, name, b"x") for name in ("slow", "fast")]
    first, second = await store.commit(group)
    assert isinstance(first, StoreError)
    assert "0 answers for 1 objects" in first.explanation
    assert isinstance(second, Location)


async def test_a_store_that_calls_itself_otherwise_takes_nothing_that_nobody_finds_again() -> None:
    store = StoresTogether({"fast": MemoryStore("fast"), "slow": MemoryStore("memory")})
    [answer] = await store.commit([await staged(store, "slow", b"x")])
    assert isinstance(answer, StoreError)
    assert "of ['slow', 'memory']" in answer.explanation


async def test_what_is_staged_elsewhere_is_not_committed(
    store: StoresTogether, slow: MemoryStore
) -> None:
    with pytest.raises(TypeError):
        await store.commit([await slow.stage(StageRequest(1, b"", hashlib.sha256()))])


async def test_what_lies_in_a_store_that_is_not_configured_is_not_lost(
    store: StoresTogether, fast: MemoryStore
) -> None:
    """Its key may well be one of another store."""
    await committed(store, ("fast", b"other"))
    there = Location("vault", "00000001", 12)
    for asked in (store.stat(there), store.delete(there), read_all(store, there)):
        with pytest.raises(StoreError, match="store 'vault' is not configured") as raised:
            await asked
        assert raised.value.fault is StoreFault.NOT_CONFIGURED
    [answer] = await store.read_together([(there, ByteRange(0, 1))])
    assert isinstance(answer, StoreError)
    assert answer.fault is StoreFault.NOT_CONFIGURED
    assert len(fast.objects) == 1
    with pytest.raises(StoreError):
        await store.stage_in("vault", StageRequest(1, b"", hashlib.sha256()))


async def test_ranges_come_from_each_store_as_it_can(store: StoresTogether) -> None:
    a, b = await committed(store, ("fast", b"abc"), ("slow", b"xyz"))
    start = len(PREFACE)
    missing = Location("slow", "nowhere", 1)
    wanted = [(b, ByteRange(start + 1, 2)), (missing, ByteRange(0, 1)), (a, ByteRange(start, 1))]
    assert reads_together(store)
    one, none, other = await store.read_together(wanted)
    assert (one, other) == (b"yz", b"a")
    assert isinstance(none, StoreError)


async def test_the_first_store_stands_for_all(
    store: StoresTogether, fast: MemoryStore, slow: MemoryStore
) -> None:
    assert store.state_log is fast.state_log
    fast.current_status = StoreStatus(7, None, is_read_only=False, explanation="")
    slow.current_status = StoreStatus(1, None, is_read_only=True, explanation="worn out")
    assert await store.status() == StoreStatus(
        7, None, is_read_only=False, explanation="slow: worn out"
    )
    [location] = await store.commit([await store.stage(StageRequest(1, b"x", hashlib.sha256()))])
    assert isinstance(location, Location)
    assert location.store == "fast"


def test_one_store_and_several(store: StoresTogether, fast: MemoryStore) -> None:
    assert parts_of(fast, "fast") == {"fast": fast}
    assert parts_of(store, "fast") == store.parts
    assert part_of(fast, SOMEWHERE) is fast
    assert part_of(store, Location("slow", "1", 1)) is store.parts["slow"]
    assert [name_in_log(store, each) for each in ("fast", "slow", "vault")] == ["", "slow", "vault"]
    assert name_in_log(fast, "anything") == ""
    assert not opens_files(store)
    with pytest.raises(StoreError):
        part_of(store, SOMEWHERE)
