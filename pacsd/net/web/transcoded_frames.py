"""Frames in what only a codec can put them into: a whole object is transcoded, and kept a while.

A codec is given objects, not frames. So what was made of the last few is kept in memory: who looks
at an image asks for its frames one after the other, or for several at once.
"""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import aclosing
from typing import Protocol, TypeAlias

import anyio
import anyio.to_thread

from pacsd.archive.frame_reading import BrokenPixels, Frames, NoPixels
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicomweb.accept import Representation
from pacsd.dicomweb.errors import NotAcceptable
from pacsd.net.sending import OpenDataSet
from pacsd.net.transcoding import (
    NO_TRANSCODING,
    DataSet,
    NotTranscoded,
    NotTranscodedNow,
    Original,
    Transcoding,
)
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.pixel_media_types import media_type_of_syntax
from pacsd.net.web.transcoded import alive_meanwhile, cannot_be_transcoded

MAX_BYTES = 64 * 1024 * 1024
"""Of a data set that was transcoded for its frames."""

MAX_KEPT_BYTES = 128 * 1024 * 1024
"""Of those that are kept."""

MAKING_AT_ONCE = 2
"""Beside these there are so many more of them in memory."""

_Key: TypeAlias = tuple[bytes, str, str]


class FindsFrames(Protocol):
    """Who finds frames in what was made; see `FrameReader`."""

    async def find(self, data: bytes, transfer_syntax_uid: str) -> Frames:
        """Where the frames of a data set in memory lie.

        Raises:
            NoPixels, BrokenPixels: there are none, or none that can be told apart.
        """


class OpensDataSets(Protocol):
    """Who has the objects; see `Retriever`."""

    def data_sets(self, page: Sequence[Retrievable]) -> Sequence[OpenDataSet]:
        """How to read the data set of each."""


class TranscodedFrames:
    """Has objects transcoded for their frames."""

    def __init__(
        self,
        retriever: OpensDataSets,
        reader: FindsFrames,
        transcoding: Transcoding = NO_TRANSCODING,
    ) -> None:
        self._retriever = retriever
        self._reader = reader
        self._transcoding = transcoding
        self._kept: OrderedDict[_Key, tuple[Frames, int]] = OrderedDict()
        self._making: dict[_Key, anyio.Lock] = {}
        self._room = anyio.CapacityLimiter(MAKING_AT_ONCE)

    async def offers(self, transfer_syntax_uid: str, count: int) -> list[Representation]:
        """What frames can be had as that are stored so; one alone also by itself."""
        ways = await self._transcoding.ways()
        syntaxes = dict.fromkeys(
            EXPLICIT_VR_LITTLE_ENDIAN if each in REENCODABLE else each
            for each in ways.of(transfer_syntax_uid)
        )
        return [
            Representation(media_type_of_syntax(syntax), is_multipart=is_multipart, stored=syntax)
            for is_multipart in ((True, False) if count == 1 else (True,))
            for syntax in syntaxes
        ]

    async def frames(self, exchange: Exchange, instance: Retrievable, target_uid: str) -> Frames:
        """All frames of an instance in another Transfer Syntax.

        Raises:
            NotAcceptable: it cannot be had so.
            NotTranscodedNow, OSError, DicomError: it cannot be now, or not be read.
        """
        key = instance.copies[0].sha256, instance.transfer_syntax_uid, target_uid
        if key not in self._kept:
            making = self._making.setdefault(key, anyio.Lock())
            try:
                with alive_meanwhile(exchange):
                    async with making:
                        if key not in self._kept:
                            return await self._make(key, instance, target_uid)
            finally:
                if not making.locked():  # else who waits for it has it now
                    self._making.pop(key, None)
        self._kept.move_to_end(key)
        return self._kept[key][0]

    async def _make(self, key: _Key, instance: Retrievable, target_uid: str) -> Frames:
        try:
            async with self._room:
                data = await self._transcoded(instance, target_uid)
            frames = await self._reader.find(data, target_uid)
        except NotTranscodedNow:
            raise
        except NotTranscoded:
            raise cannot_be_transcoded(target_uid) from None
        except (NoPixels, BrokenPixels):
            rule = "the codec makes no frames of it that can be told apart"
            raise NotAcceptable("transfer-syntax", target_uid, rule) from None
        self._keep(key, frames, len(data))
        return frames

    def _keep(self, key: _Key, frames: Frames, size_bytes: int) -> None:
        self._kept.pop(key, None)
        self._kept[key] = frames, size_bytes
        kept_bytes = sum(size for _, size in self._kept.values())
        while kept_bytes > MAX_KEPT_BYTES:
            _, (_, size) = self._kept.popitem(last=False)
            kept_bytes -= size

    async def _transcoded(self, instance: Retrievable, target_uid: str) -> bytes:
        (opened,) = self._retriever.data_sets([instance])
        original = Original(
            instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid, opened
        )
        async with self._transcoding.transcoded(original, target_uid) as made:
            return await _in_memory(made)


async def _in_memory(made: DataSet) -> bytes:
    data = bytearray()
    async with aclosing(made.pieces()) as pieces:
        async for piece in pieces:
            data += piece
            if len(data) > MAX_BYTES:
                rule = f"would have to be taken out of more than {MAX_BYTES} bytes"
                raise NotAcceptable("frames", None, rule)
    return await anyio.to_thread.run_sync(bytes, data)
