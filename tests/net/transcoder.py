"""Codecs for tests of whoever sends: what they make says what it was made of."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager

import anyio

from pacsd.dicom.headers import Buffer
from pacsd.net.transcoding import NO_WAYS, DataSet, Original, Ways

RLE = "1.2.840.10008.1.2.5"
JPEG_LS = "1.2.840.10008.1.2.4.80"


def stored(*buffers: bytes) -> Callable[[], AsyncGenerator[Buffer, None]]:
    """How to read a data set of these buffers."""

    async def read() -> AsyncGenerator[Buffer, None]:
        for buffer in buffers:
            yield buffer

    return read


class Made:
    """What was made."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def pieces(self) -> AsyncGenerator[Buffer, None]:
        """It, in two."""
        for piece in (self.data[:2], self.data[2:]):
            yield piece


class FakeTranscoding:
    """The port Transcoding: reverses a data set. `errors` are raised, by SOP Instance UID."""

    def __init__(self, ways: Ways = NO_WAYS, errors: Mapping[str, Exception] | None = None) -> None:
        self.known = ways
        self.errors = errors or {}
        self.done: list[tuple[str, str]] = []
        self.inside = 0
        self.asked = 0

    async def ways(self) -> Ways:
        self.asked += 1
        return self.known

    @asynccontextmanager
    async def transcoded(
        self, original: Original, target_uid: str
    ) -> AsyncGenerator[DataSet, None]:
        self.done.append((original.sop_instance_uid, target_uid))
        error = self.errors.get(original.sop_instance_uid)
        if error is not None:
            raise error
        data = b"".join([bytes(piece) async for piece in original.open()])
        self.inside += 1
        try:
            yield Made(data[::-1])
        finally:
            self.inside -= 1


class WorkingTranscoding(FakeTranscoding):
    """Works at an object and does not end."""

    def __init__(self, ways: Ways) -> None:
        super().__init__(ways)
        self.begun = anyio.Event()

    @asynccontextmanager
    async def transcoded(
        self, original: Original, target_uid: str
    ) -> AsyncGenerator[DataSet, None]:
        async with super().transcoded(original, target_uid) as made:
            self.begun.set()
            await anyio.Event().wait()
            yield made
