"""How much of the arriving data sets may wait in memory, for one object and for all."""

DEFAULT_CHUNK_BYTES = 262_144
SMALL_CHUNK_BYTES = 16_384
SPARE_CHUNKS = 64
_BATCH_CHUNKS = 2
# An object that stalls keeps at most about this part of its share: the others need the rest.
_BATCHES_PER_SHARE = 4


class Memory:
    """Chunks, used again, and the bound on what waits in them.

    Each open object may have `per_object_bytes` waiting, less when many are open. Chunks and
    batches become small when shares do. Once chunks of `total_bytes` are out, an object pauses
    with whatever waits and is written at once: so beyond the total there is never more than what
    each object is given by one write, rounded up to small chunks.
    """

    def __init__(self, *, chunk_bytes: int, per_object_bytes: int, total_bytes: int) -> None:
        if per_object_bytes < _BATCH_CHUNKS * chunk_bytes:
            raise ValueError(
                f"{per_object_bytes} bytes per object are less than {_BATCH_CHUNKS} chunks of "
                f"{chunk_bytes} bytes"
            )
        self.chunk_bytes = chunk_bytes
        self.small_chunk_bytes = min(SMALL_CHUNK_BYTES, chunk_bytes)
        self.open_objects = 0
        self.used_bytes = 0
        self._per_object_bytes = per_object_bytes
        self._total_bytes = total_bytes
        self._spare: list[bytearray] = []

    @property
    def held_bytes(self) -> int:
        """The memory of all chunks, those kept for later included."""
        return self.used_bytes + len(self._spare) * self.chunk_bytes

    @property
    def batch_bytes(self) -> int:
        """How much has to wait before it is worth a hop to a thread."""
        part_bytes = self._share_bytes // _BATCHES_PER_SHARE
        return max(self.small_chunk_bytes, min(_BATCH_CHUNKS * self.chunk_bytes, part_bytes))

    @property
    def limit_bytes(self) -> int:
        """Above this an object's sender should pause."""
        if self.used_bytes >= self._total_bytes:
            return 0
        return min(self._per_object_bytes, self._share_bytes)

    @property
    def low_water_bytes(self) -> int:
        """At or below this a paused sender should go on."""
        return self.limit_bytes // 2

    def take_chunk(self, *, is_small: bool) -> bytearray:
        """A chunk with anything in it; small also when memory is short."""
        is_short = self.used_bytes + self.chunk_bytes > self._total_bytes
        if is_small or is_short or self.batch_bytes < self.chunk_bytes:
            chunk = bytearray(self.small_chunk_bytes)
        else:
            chunk = self._spare.pop() if self._spare else bytearray(self.chunk_bytes)
        self.used_bytes += len(chunk)
        if self.held_bytes > self._total_bytes:
            self._spare.clear()
        return chunk

    def give_back(self, chunk: bytearray) -> None:
        """Keep a chunk for the next object; a small one, or one too many, is forgotten."""
        self.used_bytes -= len(chunk)
        is_kept = len(chunk) == self.chunk_bytes and len(self._spare) < SPARE_CHUNKS
        if is_kept and self.held_bytes + self.chunk_bytes <= self._total_bytes:
            self._spare.append(chunk)

    @property
    def _share_bytes(self) -> int:
        return self._total_bytes // max(self.open_objects, 1)
