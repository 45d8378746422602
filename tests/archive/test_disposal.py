import anyio
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Location
from pacsd.archive.disposal import Disposal
from pacsd.archive.observer import NobodyObserves
from pacsd.testing.memory_store import MemoryStore


class Notebook(NobodyObserves):
    def __init__(self) -> None:
        self.left: list[Location] = []

    def not_removed(self, location: Location, error: StoreError) -> None:
        assert error.fault is StoreFault.READ_ONLY
        self.left.append(location)


async def test_what_was_added_is_removed_before_the_end() -> None:
    store = MemoryStore()
    store.objects = {f"{number:08}": b"" for number in range(5)}
    tested = Disposal(store, NobodyObserves())
    async with anyio.create_task_group() as tasks:
        await tasks.start(tested.run)
        for key in [*store.objects][:4]:
            await tested.add(Location("memory", key, 0))
        tasks.cancel_scope.cancel()
        tested.close()
    assert [*store.objects] == ["00000004"]


async def test_one_that_cannot_be_removed_is_told_and_holds_up_no_other() -> None:
    store, notebook = MemoryStore(), Notebook()
    store.objects = {"00000001": b""}
    store.errors["delete"] = StoreError(StoreFault.READ_ONLY, "test")
    tested = Disposal(store, notebook)
    first, second = (Location("memory", f"{number:08}", 0) for number in (0, 1))
    async with anyio.create_task_group() as tasks:
        await tasks.start(tested.run)
        await tested.add(first)
        await anyio.wait_all_tasks_blocked()
        store.errors.clear()
        await tested.add(second)
        tested.close()
    assert notebook.left == [first]
    assert store.objects == {}


async def test_nothing_is_added_before_it_runs() -> None:
    with pytest.raises(RuntimeError):
        await Disposal(MemoryStore(), NobodyObserves()).add(Location("memory", "1", 0))
