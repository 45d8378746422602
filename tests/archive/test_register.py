from pacsd.archive.register import Register, RegisterInFront
from pacsd.index.records import Outcome
from pacsd.testing.memory_register import MemoryRegister
from tests.testing.test_memory_register import instance


async def test_what_stands_in_front_hands_everything_on() -> None:
    behind = MemoryRegister()
    tested: Register = RegisterInFront(behind)
    [_, verdict] = await tested.add([instance("1.1", "a"), instance("1.1", "b", b"2")])
    assert verdict.outcome is Outcome.CONFLICT
    assert await tested.highest_keys("store", 1) == ["b"]
    assert await tested.known_keys("store", ["b", "c"]) == {"b"}
    assert verdict.quarantined is not None
    assert verdict.existing is not None
    assert await tested.withdraw(1, verdict.quarantined, verdict.existing)
    await tested.settle(2)
    assert behind.settled == [2]
