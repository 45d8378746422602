"""Digests: of a whole object, and of the blocks of a large one, so that ranges can be verified."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

BLOCK_BYTES = 4 * 1024 * 1024

_MAGIC = b"pacsd blocks 1\n"
_NUMBER_BYTES = 8
_DIGEST_BYTES = 32


def sha256_hex(data: bytes) -> str:
    """The digest of a whole object."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class BlockTable:
    """The size of an object and the digest of each of its blocks, the last one being shorter."""

    size_bytes: int
    digests: Sequence[bytes]

    def length_of(self, index: int) -> int:
        """How many bytes a block has."""
        return min(BLOCK_BYTES, self.size_bytes - index * BLOCK_BYTES)

    def is_block(self, index: int, data: bytes) -> bool:
        """Whether these are a block's bytes."""
        return hashlib.sha256(data).digest() == self.digests[index]

    def encode(self) -> bytes:
        """The table as it is kept beside its object; ends with a digest of itself."""
        size = self.size_bytes.to_bytes(_NUMBER_BYTES, "big")
        body = b"".join((_MAGIC, size, *self.digests))
        return body + hashlib.sha256(body).digest()


def decode_table(data: bytes) -> BlockTable:
    """Read a table.

    Raises:
        ValueError: it is none, or damaged.
    """
    body, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    start = len(_MAGIC) + _NUMBER_BYTES
    if not body.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
        raise ValueError("not a table of blocks")
    size_bytes = int.from_bytes(body[len(_MAGIC) : start], "big")
    digests = [body[at : at + _DIGEST_BYTES] for at in range(start, len(body), _DIGEST_BYTES)]
    if len(digests) != -(-size_bytes // BLOCK_BYTES):
        raise ValueError(f"table of blocks: {len(digests)} digests for {size_bytes} bytes")
    return BlockTable(size_bytes, digests)


class Digesting:
    """Takes in an object piece by piece."""

    def __init__(self) -> None:
        self._whole = hashlib.sha256()
        self._block = hashlib.sha256()
        self._left_bytes = BLOCK_BYTES
        self._digests: list[bytes] = []
        self.size_bytes = 0

    def update(self, piece: bytes) -> None:
        """The next piece; blocks."""
        self._whole.update(piece)
        self.size_bytes += len(piece)
        view = memoryview(piece)
        while view:
            part = view[: self._left_bytes]
            self._block.update(part)
            self._left_bytes -= len(part)
            view = view[len(part) :]
            if not self._left_bytes:
                self._end_block()

    def hexdigest(self) -> str:
        """The digest of all that was taken in."""
        return self._whole.hexdigest()

    def table(self) -> BlockTable:
        """The digests of the blocks, once all was taken in."""
        if self._left_bytes < BLOCK_BYTES:
            self._end_block()
        return BlockTable(self.size_bytes, tuple(self._digests))

    def _end_block(self) -> None:
        self._digests.append(self._block.digest())
        self._block = hashlib.sha256()
        self._left_bytes = BLOCK_BYTES
