import pytest

from pacsd.archive.mirror import Mirror
from pacsd.archive.replay import replay, unmirrored
from pacsd.archive.state_records import StateRecordError
from pacsd.index.records import InstanceState
from tests.archive.small_archive import SCOPE, SmallArchive


async def replayed(archive: SmallArchive) -> tuple[int, int]:
    mirror = Mirror(archive.store, archive.index)
    return await replay(archive.store.state_log, archive.index, mirror)


async def test_a_log_without_records(archive: SmallArchive) -> None:
    assert await replayed(archive) == (0, 0)


async def test_only_what_the_index_lacks_is_applied(archive: SmallArchive) -> None:
    for uid in ("1.1", "1.2"):
        await archive.put(uid)
        await archive.curation.delete(SCOPE, [uid], "admin")
        # Behind the log's back: an index that lost what came last would look so.
        await archive.index.instances.restore(SCOPE, [uid], "test")
    await archive.index.note_log_position(1)
    assert await unmirrored(archive.store.state_log, archive.index) == (2, archive.records()[1:])
    assert await replayed(archive) == (2, 1)
    assert await archive.state("1.1") is InstanceState.LIVE
    assert await archive.state("1.2") is InstanceState.DELETED
    assert await archive.index.log_position() == 2
    assert await replayed(archive) == (2, 0)


async def test_an_index_that_knows_more_than_the_log_is_not_of_this_store(
    archive: SmallArchive,
) -> None:
    await archive.index.note_log_position(3)
    with pytest.raises(StateRecordError, match="0 records, but the index mirrors 3"):
        await replayed(archive)


async def test_a_record_nobody_understands_is_named(archive: SmallArchive) -> None:
    await archive.store.state_log.append([b'{"merged": 1}'])
    with pytest.raises(StateRecordError, match="unknown field 'merged'"):
        await replayed(archive)
    assert await archive.index.log_position() == 0
