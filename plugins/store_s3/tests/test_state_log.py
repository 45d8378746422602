import pytest
import structlog
from pacsd_s3_client.faults import FarError
from pacsd_store_s3.keys import Names
from pacsd_store_s3.segments import Segments
from pacsd_store_s3.state_log import MirroredStateLog, bring_back

from pacsd.testing.memory_store import MemoryStateLog, MemoryStore
from tests.far_stores import far_memory

RECORDS = [f"record {number}".encode() for number in range(1500)]


def log() -> MemoryStateLog:
    return MemoryStore().state_log


def mirrored(spool: MemoryStateLog, segments: Segments, tail_records: int) -> MirroredStateLog:
    return MirroredStateLog(spool, segments, structlog.get_logger(), tail_records=tail_records)


@pytest.mark.parametrize("tail_records", [10, 1000])
async def test_what_is_appended_is_mirrored_and_brought_back(tail_records: int) -> None:
    spool, segments = log(), Segments(far_memory(), Names())
    await spool.append(RECORDS[:100])
    mirror = mirrored(spool, segments, tail_records)
    await mirror.append(RECORDS[100:200])
    await mirror.mirror()
    await mirror.append(RECORDS[200:1400])
    await mirror.mirror()
    assert mirror.mirrored == 1400
    again = mirrored(spool, segments, tail_records)
    await again.append(RECORDS[1400:])
    await again.mirror()
    new = log()
    assert await bring_back(new, segments) == 1500
    assert new.records == RECORDS
    assert [each async for each in again.read()] == RECORDS


async def test_bringing_back_goes_on_where_it_was_broken_off() -> None:
    segments, new = Segments(far_memory(), Names()), log()
    await segments.put(0, RECORDS[:10])
    await new.append(RECORDS[:4])
    assert await bring_back(new, segments) == 6
    assert new.records == RECORDS[:10]


async def test_a_hole_is_told() -> None:
    segments = Segments(far_memory(), Names())
    await segments.put(0, RECORDS[:10])
    await segments.put(11, RECORDS[11:20])
    with pytest.raises(FarError, match="from record 10 on is missing"):
        await bring_back(log(), segments)
