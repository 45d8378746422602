from pacsd.index.index import Index
from pacsd.index.records import CopyCount, CopyState, InstanceState, Scope
from tests.index.made import SCOPE, new


async def test_everything_is_counted(index: Index) -> None:
    await index.add([new("1.1"), new("1.2", patient_id="P2"), new("1.1", content=b"b")])
    await index.add([new("1.3", store="other", content=b"x")])
    stats = await index.stats(SCOPE)
    assert stats.rows["instance"] == 3
    assert (stats.rows["study"], stats.rows["held"], stats.rows["quarantine"]) == (1, 1, 1)
    assert stats.instances == {InstanceState.LIVE: 2, InstanceState.HELD: 1}
    assert stats.copies == (
        CopyCount("other", CopyState.OK, 1, 401),
        CopyCount("store_fs", CopyState.OK, 2, 820),
    )
    assert 0 < stats.first_change < stats.last_change
    assert stats.table_bytes == {} or stats.table_bytes["instance"] > 0


async def test_an_empty_partition_counts_nothing(index: Index) -> None:
    stats = await index.stats(Scope(2))
    assert set(stats.rows.values()) == {0}
    assert (stats.copies, stats.last_change) == ((), 0)
