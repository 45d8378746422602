"""The port StateLog: what was decided about stored objects after they came, kept beside them.

An object's file never changes. What happens to an instance later - deleted, restored, released from
quarantine - is appended here before the index says it, so that files and log together are enough to
make the index anew.
"""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

MAX_RECORD_BYTES = 65_536


class StateLog(Protocol):
    """An append-only list of records; each is bytes without a line feed, at most 64 KiB."""

    async def append(self, records: Sequence[bytes], /) -> None:
        """Add records at the end, in their order; durable once this returns.

        A crash before that may leave the first of them, whole.

        Raises:
            StoreError: none of them was added, none is read later. What the log could not take back
                it hides, and refuses every further record; they may be there after a restart.
        """

    def read(self) -> AsyncGenerator[bytes, None]:
        """Yield every record that is durable, the oldest first.

        What a crash cut short at the end is left out.

        Raises:
            StoreError: the log cannot be read, it is not known to be durable, or a record in it is
                damaged.
        """


def check_record(record: bytes) -> None:
    """Raise ValueError for what no record may be."""
    if not 0 < len(record) <= MAX_RECORD_BYTES or b"\n" in record:
        raise ValueError(f"a record of {len(record)} bytes: 1 to {MAX_RECORD_BYTES}, in one line")
