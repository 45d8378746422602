"""Frames of a channel: four bytes of length, big endian, then so many bytes of JSON."""

from collections.abc import Iterator

from pacsd.app.isolation.errors import Misfit

MAX_FRAME_BYTES = 2 * 1024**2
"""A body of 1 MiB is longer than that in base64."""
_LENGTH_BYTES = 4


def encode_frame(content: bytes) -> bytes:
    """Put the length in front.

    Raises:
        Misfit: it is too long.
    """
    _check(len(content))
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


class FrameDecoder:
    """Cuts what comes over a channel into frames; keeps no more than one that is not whole."""

    def __init__(self) -> None:
        self._unread = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the contents of the frames that are whole now.

        Raises:
            Misfit: one is too long; nothing can be read after it.
        """
        self._unread += data
        while len(self._unread) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + _check(int.from_bytes(self._unread[:_LENGTH_BYTES], "big"))
            if len(self._unread) < end:
                return
            content = bytes(self._unread[_LENGTH_BYTES:end])
            del self._unread[:end]
            yield content


def _check(length: int) -> int:
    if length > MAX_FRAME_BYTES:
        raise Misfit(f"a frame of {length:,} bytes", f"at most {MAX_FRAME_BYTES:,}")
    return length
