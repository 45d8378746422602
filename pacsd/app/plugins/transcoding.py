"""The codecs of plugins, at work for what is to leave: bounded in number, time and disk.

An object goes to a codec as a file without a name, and comes back as another one: a codec that
computes in C or asks a program gets descriptors. Codecs run in threads of their own, none of which
keeps the daemon from ending. One that does not return keeps its thread; once all threads are kept
so, nothing more is transcoded, and whoever asks is told at once.
"""

from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import BinaryIO

import anyio
import structlog
from anyio import to_thread

from pacsd.api.dispatch.provider import Provider
from pacsd.api.transcoder import Transcoder
from pacsd.app.conf.settings import TranscodingSettings
from pacsd.app.isolation.threads import DaemonThreads
from pacsd.app.plugins.codec_work import CodecWork
from pacsd.app.plugins.codecs import CodecBook, Way
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
        self._places = anyio.CapacityLimiter(settings.at_once)
        self._threads = DaemonThreads("codecs", settings.at_once)
        self._working: dict[object, float] = {}

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
                made = await self._made(codecs.transcoders[way.made], way, original)
        except NotTranscoded as error:
            _log.warning(
                "an object was not transcoded",
                plugin=self._book.plugin_of(way.made),
                sop_instance_uid=original.sop_instance_uid,
                stored_in=original.transfer_syntax_uid,
                wanted_in=target_uid,
                why=str(error),
            )
            raise
        try:
            yield made if way.made == target_uid else _Reencoded(made, way.made, target_uid)
        finally:
            with anyio.CancelScope(shield=True):  # to be rid of a long one takes its time
                await to_thread.run_sync(made.file.close)

    async def _made(self, transcoder: Transcoder, way: Way, original: Original) -> TranscodedFile:
        token = object()
        await self._take_place(token)
        try:
            files = await self._files(way, original)
        except BaseException:
            self._give_back(token)
            raise
        expected = Expected(
            original.sop_class_uid,
            original.sop_instance_uid,
            way.made,
            self._settings.max_bytes,
        )
        returned = partial(_tell, get_running_loop(), partial(self._give_back, token))
        work = CodecWork(transcoder, files, expected, returned)
        return await self._run(work)

    async def _run(self, work: CodecWork) -> TranscodedFile:
        deadline_s = self._settings.deadline_s
        try:
            with anyio.move_on_after(deadline_s):
                made = await self._threads.run(work.run)
                if isinstance(made, TranscodedFile):
                    return made
        except NotTranscoded:
            raise
        except RuntimeError as error:
            work.abandon()
            raise NotTranscodedNow(f"there is no thread for a codec: {error}") from error
        except BaseException:
            work.abandon()
            raise
        work.abandon()
        rule = f"within {deadline_s:g} s (transcoding.deadline_s)"
        raise NotTranscodedNow(f"the codec did not return {rule}")

    async def _take_place(self, token: object) -> None:
        """Wait for one of the threads, unless none will be free.

        Raises:
            NotTranscoded: each of them has a codec that does not return.
        """
        while True:
            self._check_threads()
            with anyio.move_on_after(self._settings.deadline_s):
                await self._places.acquire_on_behalf_of(token)
                self._working[token] = self._now()
                return

    def _check_threads(self) -> None:
        overdue_since = self._now() - self._settings.deadline_s
        late = sum(began_at < overdue_since for began_at in self._working.values())
        if late >= self._settings.at_once:
            raise NotTranscodedNow(f"{late} codecs have not returned (transcoding.at_once)")

    def _give_back(self, token: object) -> None:
        if self._working.pop(token, None) is not None:
            self._places.release_on_behalf_of(token)

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
            source.close()
            raise
        source.seek(0)
        return source, target

    async def _new_file(self, size_bytes: int) -> BinaryIO:
        try:
            return await to_thread.run_sync(self._place.new_file, size_bytes)
        except OSError as error:
            raise NotTranscodedNow(error.strerror or str(error)) from error

    async def _spool(self, way: Way, original: Original, file: BinaryIO) -> int:
        """Write the object as a file, as the codec is to be given it; how long that is."""
        size = await to_thread.run_sync(file.write, _preface(original, way.given))
        async with aclosing(_as_given(original, way)) as pieces:
            async for piece in pieces:
                size += await to_thread.run_sync(self._write, file, piece)
        await to_thread.run_sync(file.flush)
        return size

    def _write(self, file: BinaryIO, piece: Buffer) -> int:
        try:
            self._place.check_room(len(piece))
            return file.write(piece)
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


def _tell(loop: AbstractEventLoop, done: Callable[[], None]) -> None:
    """Have it done on the loop, unless that has ended."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(done)
