"""The codecs of plugins, at work for what is to leave: bounded in number, time and disk.

An object goes to a codec as a file without a name, and comes back as another one: a codec that
computes in C or asks a program gets descriptors.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
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
from pacsd.app.plugins.codec_threads import CodecThreads, Replaced
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

LOOK_S = 1.0
"""How often it is looked at what codecs write."""

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

    Files are made in `place`; `now` is a monotonic clock, `sleep` waits by it. It has to `run`.
    """

    def __init__(
        self,
        hook: Provider[Transcoder],
        settings: TranscodingSettings,
        place: CopyPlace,
        now: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._book = CodecBook(hook, now)
        self._settings = settings
        self._place = place
        self._now = now
        self._sleep = sleep
        self._lineup = Lineup(())
        self._threads = self._new_threads()
        self._closed: list[CodecThreads] = []
        self._done = self._failed = 0

    async def run(self) -> None:
        """Ask plugins for their codecs, and look after these while they work."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._book.run, name="ask for codecs")
            while True:
                await self._sleep(LOOK_S)
                for threads in [*self._closed, self._threads]:
                    await threads.look()
                self._closed = [each for each in self._closed if each.working]

    def refresh(self) -> None:
        """After a reload: have the plugins asked before anybody waits for them."""
        self._book.refresh()

    def health(self) -> TranscodingHealth:
        """What was done, and what is being done."""
        working = sum(each.working for each in (*self._closed, self._threads))
        return TranscodingHealth(self._done, self._failed, working)

    async def ways(self) -> Ways:
        """What the codecs can do now; nothing as long as no plugin implements the hook."""
        return (await self._book.codecs()).offered

    @asynccontextmanager
    async def transcoded(
        self, original: Original, target_uid: str
    ) -> AsyncGenerator[DataSet, None]:
        """The object in another Transfer Syntax, for the time of a block; see `Transcoding`."""
        made, made_uid = await self._had(original, target_uid)
        try:
            yield made if made_uid == target_uid else _Reencoded(made, made_uid, target_uid)
        finally:
            with anyio.CancelScope(shield=True):  # to be rid of a long one takes its time
                await to_thread.run_sync(made.file.close)

    async def _had(self, original: Original, target_uid: str) -> tuple[TranscodedFile, str]:
        """The object as a codec has made it, and in which Transfer Syntax."""
        while True:
            codecs = await self._book.codecs()
            way = codecs.way(original.transfer_syntax_uid, target_uid)
            if way is None:
                raise _no_way(codecs, original, target_uid)
            with suppress(Replaced):  # then there are others
                return await self._counted(codecs, way, original, target_uid), way.made

    async def _counted(
        self, codecs: Codecs, way: Way, original: Original, target_uid: str
    ) -> TranscodedFile:
        try:
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
        return made

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
            self._closed.append(self._threads)
            self._threads = self._new_threads()
        return self._threads

    def _new_threads(self) -> CodecThreads:
        return CodecThreads(self._settings, self._lineup, self._place.check_room, self._now)

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


def _no_way(codecs: Codecs, original: Original, target_uid: str) -> NotTranscoded:
    if not codecs.is_known:
        return NotTranscodedNow("the plugins have not said yet which codecs they have")
    return NotTranscoded(f"no plugin makes {target_uid} of {original.transfer_syntax_uid} any more")


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
