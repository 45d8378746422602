"""What the state log says and the index does not: applied at start, after a crash in between."""

from pacsd.api.state_log import StateLog
from pacsd.archive.mirror import Mirror, together
from pacsd.archive.state_records import StateRecord, StateRecordError, decode_record
from pacsd.index.index import Index


async def replay(log: StateLog, index: Index, mirror: Mirror) -> tuple[int, int]:
    """Mirror the records that are not yet; how long the log is, and how many these were.

    Raises:
        StateRecordError: a record is not understood, or the index knows more of them than the log.
        StoreError: the log cannot be read, or a file not be removed.
        IndexFault: the index does not take it.
    """
    position = await index.log_position()
    length, missed = await _read_behind(log, position)
    if length < position:
        raise StateRecordError(
            f"state log: it has {length} records, but the index mirrors {position}: "
            "they are not of the same store, or the log was cut; see `pacsd index rebuild`"
        )
    reached = position
    for part in together(missed):
        reached += len(part)
        await mirror.apply(part, reached)
    return length, len(missed)


async def _read_behind(log: StateLog, position: int) -> tuple[int, list[StateRecord]]:
    """The log's length, and its records behind that position."""
    length, missed = 0, []
    async for line in log.read():
        length += 1
        if length > position:
            missed.append(decode_record(line))
    return length, missed
