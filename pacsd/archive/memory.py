"""How much of the arriving data sets may wait in memory, for one object and for all."""

DEFAULT_CHUNK_BYTES = 262_144
SPARE_CHUNKS = 64
_BATCH_CHUNKS = 2


class Memory:
    """Chunks of one size, used again, and the bound on what waits in them.

    Each open object may have `per_object_bytes` waiting, less when many are open: together they
    keep to `total_bytes`, as long as that leaves each the two chunks that writing needs.
    """

    def __init__(self, *, chunk_bytes: int, per_object_bytes: int, total_bytes: int) -> None:
        if per_object_bytes < _BATCH_CHUNKS * chunk_bytes:
            raise ValueError(
                f"{per_object_bytes} bytes per object are less than {_BATCH_CHUNKS} chunks of "
                f"{chunk_bytes} bytes"
            )
        self.chunk_bytes = chunk_bytes
        self.open_objects = 0
        self._per_object_bytes = per_object_bytes
        self._total_bytes = total_bytes
        self._spare: list[bytearray] = []

    @property
    def batch_bytes(self) -> int:
        """How much has to wait before it is worth a hop to a thread."""
        return _BATCH_CHUNKS * self.chunk_bytes

    @property
    def limit_bytes(self) -> int:
        """Above this an object's sender should pause."""
        share_bytes = self._total_bytes // max(self.open_objects, 1)
        return max(self.batch_bytes, min(self._per_object_bytes, share_bytes))

    @property
    def low_water_bytes(self) -> int:
        """At or below this a paused sender should go on."""
        return self.limit_bytes // 2

    def take_chunk(self) -> bytearray:
        """A chunk with anything in it."""
        return self._spare.pop() if self._spare else bytearray(self.chunk_bytes)

    def give_back(self, chunk: bytearray) -> None:
        """Keep a chunk for the next object; one of another size is forgotten."""
        if len(chunk) == self.chunk_bytes and len(self._spare) < SPARE_CHUNKS:
            self._spare.append(chunk)
