"""What the state log says and the index does not: applied at start, after a crash in between."""

from pacsd.api.state_log import StateLog
from pacsd.archive.mirror import Mirror, together
from pacsd.archive.state_records import StateRecord, StateRecordError, decode_record
from pacsd.index.index import Index


async def replay(log: StateLog, index: Index, mirror: Mirror) -> tuple[int, int]:
    """Mirror the records that are not yet; how long the log is, and how many these were.

    Raises:
        StateRecordError: a record is not understood, or the index knows more of them than the log.
        StoreError: the log cannot be read.
        IndexFault: the index does not take it.
    """
    length, missed = await unmirrored(log, index)
    reached = length - len(missed)
    for part in together(missed):
        reached += len(part)
        await mirror.apply(part, reached)
    return length, len(missed)


async def unmirrored(log: StateLog, index: Index) -> tuple[int, list[StateRecord]]:
    """How long the log is, and its records that are not mirrored yet; errors as for `replay`."""
    position = await index.log_position()
    length, missed = 0, []
    async for line in log.read():
        length += 1
        if length > position:
            missed.append(decode_record(line))
    if length < position:
        raise StateRecordError(
            f"state log: it has {length} records, but the index mirrors {position}: "
            "they are not of the same store, or the log was cut; see `pacsd index rebuild`"
        )
    return length, missed
