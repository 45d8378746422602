"""Fragments of a data set, copied once into chunks for the thread that hashes and writes them."""

from pacsd.api.store import Buffer
from pacsd.archive.memory import Memory


class ChunkQueue:
    """Bytes in, filled chunks out, in order."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._full: list[memoryview] = []
        self._chunk = memoryview(b"")
        self._filled_bytes = 0
        self._is_first = True
        self.waiting_bytes = 0
        self.full_bytes = 0

    def write(self, fragment: Buffer) -> None:
        """Copy a fragment; its buffer may change afterwards."""
        left = memoryview(fragment)
        self.waiting_bytes += len(left)
        while left:
            if self._filled_bytes == len(self._chunk):
                self._next_chunk()
            room_bytes = len(self._chunk) - self._filled_bytes
            part = left[:room_bytes]
            self._chunk[self._filled_bytes : self._filled_bytes + len(part)] = part
            self._filled_bytes += len(part)
            left = left[room_bytes:]

    def take(self, *, with_partial: bool) -> list[memoryview]:
        """Everything in full chunks, and what the last chunk holds so far if wanted."""
        if with_partial:
            self._seal()
        taken, self._full = self._full, []
        self.waiting_bytes -= self.full_bytes
        self.full_bytes = 0
        return taken

    def give_back(self, chunks: list[memoryview]) -> None:
        """Use the memory of written chunks again."""
        for chunk in chunks:
            memory = chunk.obj
            chunk.release()
            if isinstance(memory, bytearray):
                self._memory.give_back(memory)

    def clear(self) -> None:
        """Forget all that waits."""
        self.give_back(self.take(with_partial=True))

    def _next_chunk(self) -> None:
        self._seal()
        # The first one is small: an association that stalls early in an object costs little.
        self._chunk = memoryview(self._memory.take_chunk(is_small=self._is_first))
        self._is_first = False

    def _seal(self) -> None:
        """Move what the current chunk holds to the full ones."""
        if self._filled_bytes:
            self._full.append(self._chunk[: self._filled_bytes])
            self.full_bytes += self._filled_bytes
        self._chunk = memoryview(b"")
        self._filled_bytes = 0
