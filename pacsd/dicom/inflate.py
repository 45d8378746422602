"""Deflated data sets, inflated within bounds (PS3.5 section A.5)."""

import zlib
from collections.abc import Iterator

from pacsd.dicom.errors import InflateError
from pacsd.dicom.headers import Buffer
from pacsd.dicom.quirks import Quirk, QuirkCounter, QuirkKind

MAX_INFLATED_BYTES = 64 * 1024 * 1024
MAX_RATIO = 200
RATIO_FREE_BYTES = 16 * 1024 * 1024
"""Below this any ratio goes: a black image or an empty segmentation deflates 1000:1."""

_PIECE_BYTES = 64 * 1024
_SLICE_BYTES = 16 * 1024
"""What is inflated at once: the engine copies input that it has not yet taken."""
_ZLIB_METHOD_BYTE = 0x78
_ZLIB_CHECK = 31
_NO_TAG = 0


class Inflater:
    """Inflates one data set as its bytes arrive.

    `max_bytes` bounds what comes out in all; `max_ratio`, once more than RATIO_FREE_BYTES came
    out, how much larger it is than what went in. With `is_prefix`, coming to `max_bytes` is no
    error: `is_full` is set and the rest is left alone.
    """

    __slots__ = (
        "_engine", "_first", "_in_bytes", "_is_prefix", "_max_bytes", "_max_ratio", "_out_bytes",
        "_quirks", "_rest_bytes", "is_full",
    )  # fmt: skip

    def __init__(
        self,
        max_bytes: int = MAX_INFLATED_BYTES,
        max_ratio: int = MAX_RATIO,
        *,
        is_prefix: bool = False,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self._is_prefix = is_prefix
        self._engine = zlib.decompressobj(-zlib.MAX_WBITS)
        self._first = b""
        self._in_bytes = 0
        self._out_bytes = 0
        self._rest_bytes = 0
        self._quirks = QuirkCounter()
        self.is_full = False

    @property
    def is_complete(self) -> bool:
        """Whether the stream's last block has ended."""
        return self._engine.eof

    @property
    def quirks(self) -> tuple[Quirk, ...]:
        """A zlib header around the stream, or bytes behind it that are no padding."""
        return self._quirks.result()

    def inflate(self, data: Buffer) -> bytes:
        """What these bytes inflate to.

        Bytes behind the end, a second stream among them, are counted and left alone.

        Raises:
            InflateError: the stream is broken, or more comes out of it than may.
        """
        return b"".join(self.pieces(data))

    def pieces(self, data: Buffer) -> Iterator[bytes]:
        """The same in pieces of at most 64 KiB, each inflated when it is asked for.

        All of them must be taken before more is fed.
        """
        if self._in_bytes < 2:  # noqa: PLR2004 -- RFC 1950 section 2.2: CMF and FLG
            data = self._first + bytes(data)
            if len(data) < 2:  # noqa: PLR2004
                self._first = data
                return
            self._open(data)
        for at in range(0, len(data), _SLICE_BYTES):
            part = data[at : at + _SLICE_BYTES]
            if self.is_complete:
                self._pass_rest(bytes(part))
            else:
                self._in_bytes += len(part)
                yield from self._pieces(part)
                self._pass_rest(self._engine.unused_data)

    def _open(self, data: bytes) -> None:
        """Some writers put RFC 1950's header before the stream."""
        if data[0] == _ZLIB_METHOD_BYTE and int.from_bytes(data[:2], "big") % _ZLIB_CHECK == 0:
            self._quirks.add(QuirkKind.ZLIB_HEADER, _NO_TAG)
            self._engine = zlib.decompressobj(zlib.MAX_WBITS)

    def _pieces(self, data: Buffer) -> Iterator[bytes]:
        # The engine may hold back output of input that it has taken: a full piece says so.
        is_more = True
        while is_more and not self.is_complete and not self.is_full:
            piece = self._piece(data)
            yield piece
            data = self._engine.unconsumed_tail
            is_more = bool(data) or len(piece) == _PIECE_BYTES

    def _piece(self, data: Buffer) -> bytes:
        left = self._max_bytes - self._out_bytes
        # One byte more than may come tells a stream that just fits from one that does not.
        allowed = left if self._is_prefix else left + 1
        try:
            piece = self._engine.decompress(data, max(min(_PIECE_BYTES, allowed), 1))
        except zlib.error as error:
            raise InflateError(
                f"deflated data set: {error}, after {self._out_bytes} inflated bytes "
                "(PS3.5 section A.5)"
            ) from None
        self._out_bytes += len(piece)
        self._check()
        self.is_full = self._is_prefix and self._out_bytes >= self._max_bytes
        return piece

    def _check(self) -> None:
        if self._out_bytes > self._max_bytes:
            raise InflateError(f"deflated data set: more than {self._max_bytes} bytes inflated")
        read_bytes = self._in_bytes - len(self._engine.unconsumed_tail)
        ratio_bytes = max(RATIO_FREE_BYTES, self._max_ratio * read_bytes)
        if self._out_bytes > ratio_bytes:
            raise InflateError(
                f"deflated data set: {self._out_bytes} bytes inflated from {read_bytes}, more "
                f"than {self._max_ratio}:1"
            )

    def _pass_rest(self, rest: bytes) -> None:
        """One NUL may pad the stream to even length."""
        is_padding = not self._rest_bytes and rest == b"\0"
        self._rest_bytes += len(rest)
        if rest and not is_padding:
            self._quirks.add(QuirkKind.TRAILING_BYTES, _NO_TAG)


def inflate(
    data: Buffer, max_bytes: int = MAX_INFLATED_BYTES, max_ratio: int = MAX_RATIO
) -> tuple[bytes, tuple[Quirk, ...]]:
    """A whole data set inflated, and what was odd about it.

    A stream that ends early is the quirk `truncated`.

    Raises:
        InflateError: the stream is broken, or more comes out of it than may.
    """
    inflater = Inflater(max_bytes, max_ratio)
    inflated = inflater.inflate(data)
    counter = QuirkCounter(inflater.quirks)
    if not inflater.is_complete:
        counter.add(QuirkKind.TRUNCATED, _NO_TAG)
    return inflated, counter.result()
