"""The codecs of plugins, at work for what is to leave: bounded in number, time and disk.

An object goes to a codec as a file without a name, and comes back as another one: a codec that
computes in C or asks a program gets descriptors.
"""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import BinaryIO

import anyio
import structlog
from anyio import to_thread

from pacsd.api.dispatch.lineup import Lineup
from pacsd.api.dispatch.provider import Provider
from pacsd.api.transcoder import Transcoder
from pacsd.app.conf.settings import TranscodingSettings
from pacsd.app.plugins.codec_threads import CodecThreads
from pacsd.app.plugins.codecs import CodecBook, Codecs, Way
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.transcoded_file import Expected, TranscodedFile
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.headers import Buffer
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.part10 import FileMeta, encode_file_meta
from pacsd.dicom.reencode import Reencoder
from pacsd.net.data_sets import reencode
from pacsd.net.transcoding import DataSet, NotTranscoded, NotTranscodedNow, Original, Ways

_log = structlog.get_logger("pacsd.plugins")


@dataclass(frozen=True, slots=True)
class _Reencoded:
    """A transcoded data set that is wanted in another uncompressed encoding than it is in."""

    file: TranscodedFile
    made_uid: str
    wanted_uid: str

    async def pieces(self) -> AsyncGenerator[Buffer, None]:
        """It, as it is wanted; see `DataSet.pieces`."""
        reencoder = Reencoder(known_syntax(self.made_uid), known_syntax(self.wanted_uid))
        async with (
            aclosing(self.file.pieces()) as made,
            aclosing(reencode(made, reencoder)) as pieces,
        ):
            async for piece in pieces:
                yield piece


@dataclass(frozen=True, slots=True)
class TranscodingHealth:
    """Objects that were transcoded, and that could not be; and codecs that work now."""

    done: int
    failed: int
    working: int


class PluginTranscoding:
    """The port Transcoding, by the plugins that implement the hook.

    Files are made in `place`; `now` is a monotonic clock.
    """

    def __init__(
        self,
        hook: Provider[Transcoder],
        settings: TranscodingSettings,
        place: CopyPlace,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._book = CodecBook(hook, now)
        self._settings = settings
        self._place = place
        self._now = now
        self._lineup: Lineup | None = None
        self._threads = self._new_threads()
        self._done = self._failed = 0

    def health(self) -> TranscodingHealth:
        """What was done, and what is being done."""
        return TranscodingHealth(self._done, self._failed, self._threads.working)

    async def ways(self) -> Ways:
        """What the codecs can do now; nothing as long as no plugin implements the hook."""
        return (await self._book.codecs()).offered

    @asynccontextmanager
    async def transcoded(
        self, original: Original, target_uid: str
    ) -> AsyncGenerator[DataSet, None]:
        """The object in another Transfer Syntax, for the time of a block; see `Transcoding`."""
        codecs = await self._book.codecs()
        way = codecs.way(original.transfer_syntax_uid, target_uid)
        if way is None:
            stored = original.transfer_syntax_uid
            raise NotTranscoded(f"no plugin makes {target_uid} of {stored} any more")
        try:
            with codecs.lineup:
                made = await self._made(codecs, way, original)
        except NotTranscoded as error:
            self._failed += 1
            _log.warning(
                "an object was not transcoded",
                plugin=self._book.plugin_of(way.made),
                sop_instance_uid=original.sop_instance_uid,
                stored_in=original.transfer_syntax_uid,
                wanted_in=target_uid,
                why=str(error),
            )
            raise
        self._done += 1
        try:
            yield made if way.made == target_uid else _Reencoded(made, way.made, target_uid)
        finally:
            with anyio.CancelScope(shield=True):  # to be rid of a long one takes its time
                await to_thread.run_sync(made.file.close)

    async def _made(self, codecs: Codecs, way: Way, original: Original) -> TranscodedFile:
        expected = Expected(
            original.sop_class_uid,
            original.sop_instance_uid,
            way.made,
            self._settings.max_bytes,
        )
        threads = self._threads_of(codecs)
        files = partial(self._files, way, original)
        return await threads.transcoded(codecs.transcoders[way.made], files, expected)

    def _threads_of(self, codecs: Codecs) -> CodecThreads:
        """Others after each reload: what does not return keeps no thread from who comes then."""
        if self._lineup is not codecs.lineup:
            self._lineup = codecs.lineup
            self._threads.close()
            self._threads = self._new_threads()
        return self._threads

    def _new_threads(self) -> CodecThreads:
        settings = self._settings
        return CodecThreads(settings.at_once, settings.deadline_s, self._now)

    async def _files(self, way: Way, original: Original) -> tuple[BinaryIO, BinaryIO]:
        """A file with the object, and an empty one for what becomes of it.

        Raises:
            NotTranscoded: there is no room for them.
            OSError, DicomError: the object cannot be read.
        """
        source = await self._new_file(0)
        try:
            size = await self._spool(way, original, source)
            target = await self._new_file(size)
        except BaseException:
            with suppress(OSError):  # what could not be written is tried once more
                source.close()
            raise
        return source, target

    async def _new_file(self, size_bytes: int) -> BinaryIO:
        with _now_or_later():
            return await to_thread.run_sync(self._place.new_file, size_bytes)

    async def _spool(self, way: Way, original: Original, file: BinaryIO) -> int:
        """Write the object as a file, as the codec is to be given it; how long that is."""
        size = await to_thread.run_sync(self._write, file, _preface(original, way.given))
        async with aclosing(_as_given(original, way)) as pieces:
            async for piece in pieces:
                size += await to_thread.run_sync(self._write, file, piece)
        await to_thread.run_sync(self._flush, file)
        return size

    def _write(self, file: BinaryIO, piece: Buffer) -> int:
        with _now_or_later():
            self._place.check_room(len(piece))
            return file.write(piece)

    def _flush(self, file: BinaryIO) -> None:
        with _now_or_later():
            file.flush()
            file.seek(0)


@contextmanager
def _now_or_later() -> Iterator[None]:
    """What cannot be written now may be later."""
    try:
        yield
    except OSError as error:
        raise NotTranscodedNow(error.strerror or str(error)) from error


def _preface(original: Original, transfer_syntax_uid: str) -> bytes:
    return encode_file_meta(
        FileMeta(
            original.sop_class_uid,
            original.sop_instance_uid,
            transfer_syntax_uid,
            IMPLEMENTATION_CLASS_UID,
            IMPLEMENTATION_VERSION_NAME,
        )
    )


async def _as_given(original: Original, way: Way) -> AsyncGenerator[Buffer, None]:
    async with aclosing(original.open()) as stored:
        pieces: AsyncGenerator[Buffer, None] = stored
        if way.given != original.transfer_syntax_uid:
            source, target = known_syntax(original.transfer_syntax_uid), known_syntax(way.given)
            pieces = reencode(stored, Reencoder(source, target))
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece
