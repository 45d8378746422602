"""The state log in the far store: segments named by the number of their first record.

A segment is put once and for all. Its name does not tell how many records it has: one that was put
although nobody heard of it, and is put again when there are more, is found there.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Sequence

from pacsd_s3_client.far import LIST_NAMES, Far
from pacsd_s3_client.faults import FarError, FarFault

from pacsd_store_s3.keys import Names

MAX_RECORDS = 512
MAX_SEGMENT_BYTES = 64 * 1024 * 1024
"""More than so many of the longest records have."""

_NUMBER = re.compile(r"\d{12}")


class Segments:
    """Puts and gets segments."""

    def __init__(self, far: Far, names: Names) -> None:
        self._far = far
        self._names = names

    async def put(self, first: int, records: Sequence[bytes]) -> int:
        """Put records, the first of which has this number; how many of them are there then.

        Raises:
            FarError: they may be there or not; REFUSED when others are.
        """
        data = b"".join(record + b"\n" for record in records)
        name = self._names.segment(first)
        try:
            await self._far.put_new(name, data, hashlib.sha256(data).hexdigest())
        except FarError as error:
            if error.fault is not FarFault.EXISTS:
                raise
            found = await self.get(first)
            if not found or list(records[: len(found)]) != found:
                text = f"other records of the state log lie there from number {first} on"
                raise FarError(FarFault.REFUSED, text) from None
            return len(found)
        return len(records)

    async def get(self, first: int) -> list[bytes]:
        """The records of a segment, verified.

        Raises:
            FarError: they are not there, or not what was put.
        """
        name = self._names.segment(first)
        data, facts = await self._far.get(name, most_bytes=MAX_SEGMENT_BYTES)
        if hashlib.sha256(data).hexdigest() != facts.sha256:
            text = f"the state log's segment {first} is not what was stored: other bytes"
            raise FarError(FarFault.REFUSED, text)
        return data.split(b"\n")[:-1]

    async def firsts(self) -> AsyncIterator[int]:
        """The numbers of the segments' first records, rising; raises FarError."""
        name, is_last = "", False
        while not is_last:
            page = await self._far.names(self._names.state_log, name)
            for found in page:
                number = found.name.rpartition("/")[2]
                if _NUMBER.fullmatch(number):
                    yield int(number)
            is_last = len(page) < LIST_NAMES
            name = page[-1].name if page else ""
