import hashlib

import anyio
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.api.store import StageRequest
from pacsd.archive import adoption
from pacsd.archive.adoption import Adopted, Fate, adopt, adopt_group
from pacsd.archive.entrances import Entrances
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.instance import InstanceRequest
from pacsd.archive.stored_file import read_stored
from pacsd.archive.stores import StoresTogether
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set

RECEPTION = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")


def content(number: int) -> bytes:
    uid = f"1.2.3.{number}"
    request = InstanceRequest(CT_IMAGE_STORAGE, uid, "1.2.840.10008.1.2.1", RECEPTION)
    return encode_preface(request) + data_set({"SOPInstanceUID": uid})


async def store_of(*contents: bytes, name: str = "memory") -> MemoryStore:
    store = MemoryStore(name)
    for each in contents:
        await store.commit([await store.stage(StageRequest(1, each, hashlib.sha256()))])
    return store


async def index_first(store: MemoryStore, register: MemoryRegister, count: int) -> None:
    """What the daemon had indexed before it died."""
    page = await store.list()
    await register.add([await read_stored(store, each) for each in page.locations[:count]])


async def test_files_behind_the_last_one_indexed_are_adopted() -> None:
    store, register = await store_of(*map(content, range(5))), MemoryRegister()
    await index_first(store, register, 2)
    assert await adopt(store, "memory", register) == Adopted(indexed=3)
    assert len(register.instances) == len(store.objects) == 5
    assert await adopt(store, "memory", register) == Adopted()


async def test_an_index_that_knows_nothing_gets_all_of_a_small_store() -> None:
    store, register = await store_of(*map(content, range(7))), MemoryRegister()
    assert await adopt(store, "memory", register) == Adopted(indexed=7)


async def test_a_file_stored_twice_is_kept_once() -> None:
    store, register = await store_of(content(1), content(2), content(1)), MemoryRegister()
    await index_first(store, register, 1)
    assert await adopt(store, "memory", register) == Adopted(indexed=1, removed=1)
    assert [*store.objects] == ["00000001", "00000002"]


async def test_a_file_that_was_about_to_be_removed_when_later_ones_were_indexed() -> None:
    store, register = await store_of(content(1), content(1), content(3)), MemoryRegister()
    page = await store.list()
    first, _, third = page.locations
    await register.add([await read_stored(store, each) for each in (first, third)])
    assert await adopt(store, "memory", register) == Adopted(removed=1)
    assert [*store.objects] == [first.key, third.key]


async def test_only_the_last_files_are_looked_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "RECENT_FILES", 2)
    store, register = await store_of(*map(content, range(6))), MemoryRegister()
    page = await store.list()
    await register.add([await read_stored(store, each) for each in page.locations[1:3]])
    rest = await store.list(page.next_cursor)
    await register.add([await read_stored(store, each) for each in rest.locations[:2]])
    assert await adopt(store, "memory", register) == Adopted(indexed=1)
    assert len(register.instances) == 5


async def test_what_nobody_understands_stays_where_it_is() -> None:
    store, register = await store_of(b"not DICOM", content(2)), MemoryRegister()
    assert await adopt(store, "memory", register) == Adopted(indexed=1, unreadable=1)
    assert len(store.objects) == 2


async def test_more_than_a_crash_can_leave_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adoption, "MAX_FILES", 4)
    store, register = await store_of(*map(content, range(7))), MemoryRegister()
    assert await adopt(store, "memory", register) == Adopted(indexed=4, is_complete=False)


async def test_a_file_that_cannot_be_removed_is_a_fault() -> None:
    store, register = await store_of(content(1), content(1)), MemoryRegister()
    store.errors["delete"] = StoreError(StoreFault.READ_ONLY, "test")
    with pytest.raises(StoreError):
        await adopt(store, "memory", register)


async def never(*_: object) -> bool:
    return False


@pytest.mark.parametrize("harm", ["gone", "damaged"])
async def test_a_file_stays_while_what_the_index_has_instead_is_not_good(harm: str) -> None:
    store, register = await store_of(content(1), content(1)), MemoryRegister()
    await index_first(store, register, 1)
    if harm == "gone":
        del store.objects["00000001"]
    else:
        store.objects["00000001"] = bytes(len(content(1)))
    assert await adopt(store, "memory", register) == Adopted(kept=1)
    assert store.objects["00000002"] == content(1)


async def test_a_file_that_is_removed_meanwhile_is_not_taken_in() -> None:
    store, register = await store_of(*map(content, range(2))), MemoryRegister()
    page, taking_in = await store.list(), anyio.Lock()
    fates: list[Fate] = []

    async def take_in() -> None:
        fates.extend(
            await adopt_group(
                store, register, page.locations, taking_in, never, Entrances(()).enter
            )
        )

    async with anyio.create_task_group() as tasks, taking_in:
        tasks.start_soon(take_in)
        await anyio.wait_all_tasks_blocked()
        await store.delete(page.locations[0])
    assert fates == [Fate.GONE, Fate.INDEXED]
    assert await register.known_keys("memory", [each.key for each in page.locations]) == {
        page.locations[1].key
    }


async def test_what_a_crash_left_over_is_found_in_every_store() -> None:
    fast = await store_of(content(1), content(2))
    slow = await store_of(content(3), content(1), name="slow")
    store, register = StoresTogether({"memory": fast, "slow": slow}), MemoryRegister()
    await index_first(fast, register, 1)
    # The one stored twice goes: where it lies elsewhere it is good.
    assert await adopt(store, "memory", register) == Adopted(indexed=2, removed=1)
    assert [each.copy.location.store for each in register.instances.values()] == [
        "memory", "memory", "slow",
    ]  # fmt: skip
    assert (len(fast.objects), len(slow.objects)) == (2, 1)
    assert await adopt(store, "memory", register) == Adopted()


async def test_a_file_stays_whose_twin_lies_where_nobody_can_look() -> None:
    slow, register = await store_of(content(1), name="slow"), MemoryRegister()
    vault = StoresTogether({"vault": await store_of(content(1), name="vault")})
    await adopt(vault, "vault", register)
    assert await adopt(StoresTogether({"slow": slow}), "slow", register) == Adopted(kept=1)
