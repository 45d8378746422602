import pytest

from pacsd.index.index import Index
from pacsd.index.records import InstanceState, Scope
from tests.index.made import SCOPE, new


async def test_a_new_index_mirrors_nothing(index: Index) -> None:
    assert await index.log_position() == 0


async def test_it_moves_with_what_is_mirrored(index: Index) -> None:
    await index.add([new("1.1"), new("1.1", content=b"b"), new("1.1", content=b"c")])
    await index.instances.delete(SCOPE, ["1.1"], "admin", reached=1)
    assert await index.log_position() == 1
    await index.instances.restore(SCOPE, ["1.1"], "admin", reached=2)
    assert await index.log_position() == 2
    first, second = await index.quarantine.page(SCOPE)
    await index.quarantine.release(SCOPE, first.id, "admin", reached=3)
    assert await index.log_position() == 3
    await index.quarantine.discard(SCOPE, second.id, "admin", reached=4)
    assert await index.log_position() == 4
    await index.note_log_position(7)
    assert await index.log_position() == 7


async def test_what_mirrors_nothing_leaves_it(index: Index) -> None:
    await index.add([new("1.1")])
    await index.note_log_position(3)
    await index.instances.delete(SCOPE, ["1.1"], "admin")
    assert await index.log_position() == 3


async def test_it_stays_when_the_transaction_fails(index: Index) -> None:
    await index.add([new("1.1")])
    with pytest.raises(TypeError):
        await index.instances.delete(SCOPE, ["1.1"], actor=None, reached=9)  # type: ignore[arg-type]
    assert await index.log_position() == 0
    found = await index.instances.find(Scope(), "1.1")
    assert found is not None
    assert found.state is InstanceState.LIVE
