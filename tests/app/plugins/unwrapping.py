"""A codec of a few lines: pixels in one fragment become samples, which they were all along."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import anyio
import anyio.to_thread

from pacsd.api.hooks import hookimpl
from pacsd.api.transcoder import Transcoder, TranscodingError
from pacsd.dicom.part10 import decode_file_meta, encode_file_meta
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from tests.dicom.written import element, item

WRAPPED = "1.2.840.10008.1.2.5"
"""The Transfer Syntax that such pixels are said to be in."""

SAMPLES = bytes(range(64))
LONG = 60.0
"""Never waited for to its end."""

_BEGIN = bytes.fromhex("e07f1000") + b"OB\0\0" + b"\xff" * 4 + item(b"")
_END = bytes.fromhex("feffdde000000000")


def wrapped(samples: bytes = SAMPLES) -> bytes:
    """Pixel Data as it is stored."""
    return _BEGIN + item(samples) + _END


def unwrapped(samples: bytes = SAMPLES) -> bytes:
    """The same as it leaves."""
    return element(0x7FE00010, "OB", samples)


class Unwrapping:
    """The port Transcoder. `before` is called in its thread, and may do what a test wants."""

    sources = frozenset({WRAPPED})

    def __init__(
        self,
        before: Callable[[], object] = lambda: None,
        after: Callable[[bytes], bytes] = lambda made: made,
    ) -> None:
        self.before = before
        self.after = after
        self.files: list[tuple[BinaryIO, BinaryIO]] = []

    def transcode(self, source: BinaryIO, target: BinaryIO, /) -> None:
        self.files.append((source, target))
        self.before()
        target.write(self.after(_made(source.read())))


class Gate:
    """Holds codecs up in their threads."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.entered = threading.Semaphore(0)
        self.inside = 0
        self.most = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.entered.release()
        self.opened.wait(LONG)
        with self._lock:
            self.inside -= 1

    async def until_entered(self, times: int = 1) -> None:
        for _ in range(times):
            assert await anyio.to_thread.run_sync(self.entered.acquire, True, LONG)


class Plugin:
    """Gives this transcoder for these Transfer Syntaxes."""

    def __init__(
        self, transcoder: Transcoder | None = None, *targets: str, error: Exception | None = None
    ) -> None:
        self.transcoder = transcoder or Unwrapping()
        self.targets = targets or (EXPLICIT_VR_LITTLE_ENDIAN,)
        self.error = error
        self.asked: list[str] = []

    @hookimpl
    async def pacsd_transcoder(self, name: str) -> Transcoder | None:
        self.asked.append(name)
        if self.error is not None:
            raise self.error
        return self.transcoder if name in self.targets else None


class Hanging:
    """Never says what it has."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @hookimpl
    async def pacsd_transcoder(self, name: str) -> Transcoder | None:
        self.asked.append(name)
        await anyio.Event().wait()
        return None


def _made(file: bytes) -> bytes:
    meta, offset = decode_file_meta(file)
    header, begin, pixels = file[offset:].partition(_BEGIN)
    if not begin or not pixels.endswith(_END):
        raise TranscodingError("its pixels are not wrapped")
    meta = replace(meta, transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN)
    return encode_file_meta(meta) + header + unwrapped(pixels[8 : -len(_END)])
