"""Codecs at work: what they are given, what comes of it, and what happens if nothing does."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import anyio
import pytest
from structlog.testing import capture_logs

from pacsd.api.transcoder import TARGETS, TranscodingError
from pacsd.app.conf.settings import TranscodingSettings
from pacsd.app.plugins import codecs
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.transcoding import LOOK_S, PluginTranscoding, TranscodingHealth
from pacsd.archive.retrieval import Unreadable
from pacsd.dicom.part10 import decode_file_meta
from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from pacsd.net.transcoding import NO_WAYS, NotTranscoded, NotTranscodedNow, Original
from pacsd.testing.object_home import ObjectHome
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.plugins.unwrapping import (
    WRAPPED,
    Gate,
    Hanging,
    Plugin,
    Unwrapping,
    unwrapped,
    wrapped,
)
from tests.dicom.by_pydicom import decoded
from tests.dicom.written import IMPLICIT

UID = "1.2.3.4"
HEADER = data_set({"SOPInstanceUID": UID, "PatientName": "Test^Object"})
LONG = 60.0
"""Never waited for to its end."""


async def _stored(data: bytes) -> AsyncGenerator[bytes, None]:
    for at in range(0, len(data), 100):
        yield data[at : at + 100]


ORIGINAL = Original(CT_IMAGE_STORAGE, UID, WRAPPED, lambda: _stored(HEADER + wrapped()))


def transcoding(
    folder: Path,
    *plugins: object,
    at_once: int = 2,
    deadline_s: float = LONG,
    max_bytes: int = 1_000_000,
    min_free_bytes: int = 0,
) -> PluginTranscoding:
    settings = TranscodingSettings(at_once=at_once, deadline_s=deadline_s, max_bytes=max_bytes)
    place = CopyPlace(folder, min_free_bytes)
    return PluginTranscoding(hooks_of(*plugins).transcoder, settings, place)


@asynccontextmanager
async def running(tested: PluginTranscoding) -> AsyncGenerator[None, None]:
    """As the daemon has it run; what is raised within is raised as it is."""
    raised: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run)
        try:
            yield
        except Exception as error:  # noqa: BLE001 - no group of it
            raised = error
        tasks.cancel_scope.cancel()
    if raised is not None:
        raise raised


async def made(
    tested: PluginTranscoding,
    target_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
    original: Original = ORIGINAL,
) -> bytes:
    async with running(tested), tested.transcoded(original, target_uid) as data:
        return b"".join([bytes(piece) async for piece in data.pieces()])


async def test_without_plugins_there_is_no_way(tmp_path: Path) -> None:
    tested = transcoding(tmp_path)
    assert await tested.ways() is NO_WAYS
    with pytest.raises(NotTranscoded, match="no plugin makes"):
        await made(tested)


async def test_an_object_comes_back_in_the_other_transfer_syntax(tmp_path: Path) -> None:
    codec = Unwrapping()
    tested = transcoding(tmp_path, Plugin(codec))
    async with running(tested):
        assert (await tested.ways()).of(WRAPPED) == REENCODABLE
    assert await made(tested) == HEADER + unwrapped()
    assert all(file.closed for files in codec.files for file in files)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names alone


async def test_a_codec_is_given_a_whole_file_by_a_descriptor(tmp_path: Path) -> None:
    seen: list[bytes] = []

    class Looking(Unwrapping):
        def transcode(self, source: BinaryIO, target: BinaryIO, /) -> None:
            with open(source.fileno(), "rb", closefd=False) as file:
                seen.append(file.read())
            source.seek(0)
            super().transcode(source, target)

    await made(transcoding(tmp_path, Plugin(Looking())))
    meta, offset = decode_file_meta(seen[0])
    assert (meta.transfer_syntax_uid, meta.media_storage_sop_instance_uid) == (WRAPPED, UID)
    assert seen[0][offset:] == HEADER + wrapped()


async def test_what_is_wanted_in_another_encoding_is_encoded_anew(tmp_path: Path) -> None:
    tested = transcoding(tmp_path, Plugin())
    ds = decoded(await made(tested, IMPLICIT_VR_LITTLE_ENDIAN), IMPLICIT)
    assert ds.PatientName == "Test^Object"
    assert ds.PixelData == unwrapped()[12:]


async def test_an_encoding_that_a_codec_does_not_take_is_encoded_anew(tmp_path: Path) -> None:
    rle = "1.2.840.10008.1.2.5"
    seen: list[str] = []

    class Wrapping(Unwrapping):
        sources = frozenset({EXPLICIT_VR_LITTLE_ENDIAN})

        def transcode(self, source: BinaryIO, target: BinaryIO, /) -> None:
            file = source.read()
            seen.append(decode_file_meta(file)[0].transfer_syntax_uid)
            target.write(file.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"))

    native = Original(
        CT_IMAGE_STORAGE,
        UID,
        IMPLICIT_VR_LITTLE_ENDIAN,
        lambda: _stored(b"\x08\0\x18\0\x08\0\0\0" + UID.encode() + b"\0"),
    )
    tested = transcoding(tmp_path, Plugin(Wrapping(), rle))
    assert UID.encode() in await made(tested, rle, native)
    assert seen == [EXPLICIT_VR_LITTLE_ENDIAN]


async def test_p07_what_a_codec_cannot_do_stands_in_the_log(tmp_path: Path) -> None:
    def fail() -> None:
        raise TranscodingError("12 bits only")

    with capture_logs() as logs, pytest.raises(NotTranscoded, match=r"^12 bits only$"):
        await made(transcoding(tmp_path, Plugin(Unwrapping(fail))))
    [line] = logs
    assert line == {
        "event": "an object was not transcoded",
        "log_level": "warning",
        "plugin": "acme",
        "sop_instance_uid": UID,
        "stored_in": WRAPPED,
        "wanted_in": EXPLICIT_VR_LITTLE_ENDIAN,
        "why": "12 bits only",
    }


async def test_p07_junk_is_refused(tmp_path: Path) -> None:
    codec = Unwrapping(after=lambda made: made.replace(UID.encode(), b"1.2.3.5"))
    with pytest.raises(NotTranscoded, match=r"wrote SOP Instance UID '1.2.3.5'"):
        await made(transcoding(tmp_path, Plugin(codec)))


async def test_so_is_what_is_too_long(tmp_path: Path) -> None:
    tested = transcoding(tmp_path, Plugin(), max_bytes=100)
    with pytest.raises(NotTranscoded, match=r"transcoding\.max_bytes"):
        await made(tested)


async def test_no_file_is_made_on_a_full_disk(tmp_path: Path) -> None:
    codec = Unwrapping()
    tested = transcoding(tmp_path, Plugin(codec), min_free_bytes=2**62)
    with pytest.raises(NotTranscodedNow, match="nearly full"):
        await made(tested)
    assert codec.files == []


class FullPlace(CopyPlace):
    """A disk that is full behind so many files."""

    files = 0

    def new_file(self, size_bytes: int) -> BinaryIO:
        FullPlace.files -= 1
        if FullPlace.files < 0:
            return Path("/dev/full").open("w+b")
        return super().new_file(size_bytes)


@pytest.mark.parametrize("files", [0, 1])
async def test_a_disk_that_becomes_full_is_told_counted_and_logged(
    tmp_path: Path, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the original, or with what the codec wrote, which is in the buffer until the end."""
    monkeypatch.setattr(FullPlace, "files", files)
    place = FullPlace(tmp_path)
    tested = PluginTranscoding(hooks_of(Plugin()).transcoder, TranscodingSettings(), place)
    with capture_logs() as logs, pytest.raises(NotTranscodedNow, match="No space left on device"):
        await made(tested)
    assert [each["event"] for each in logs] == ["an object was not transcoded"]
    assert tested.health() == TranscodingHealth(0, 1, 0)


async def test_an_original_that_cannot_be_read_is_the_readers_matter(tmp_path: Path) -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield HEADER
        raise Unreadable("input/output error")

    tested = transcoding(tmp_path, Plugin(), at_once=1)
    with pytest.raises(Unreadable):
        await made(tested, original=replace(ORIGINAL, open=broken))
    assert await made(tested)


async def test_what_was_done_is_counted(tmp_path: Path) -> None:
    gate = Gate()
    tested = transcoding(tmp_path, Plugin(Unwrapping(gate)))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made, tested)
        await gate.until_entered()
        assert tested.health() == TranscodingHealth(0, 0, 1)
        gate.opened.set()
    bad = replace(ORIGINAL, open=lambda: _stored(HEADER))
    with pytest.raises(NotTranscoded, match="its pixels are not wrapped"):
        await made(tested, original=bad)
    assert (tested.health().done, tested.health().failed) == (1, 1)


async def test_who_comes_with_a_reload_has_threads_of_its_own(tmp_path: Path) -> None:
    gate, hooks = Gate(), hooks_of()
    settings = TranscodingSettings(at_once=1, deadline_s=0.5)
    tested = PluginTranscoding(hooks.transcoder, settings, CopyPlace(tmp_path))
    hooks.replace({"hangs": ObjectHome("hangs", Plugin(Unwrapping(gate)))}, ())
    try:
        with pytest.raises(NotTranscodedNow, match="did not return"):
            await made(tested)
        hooks.replace({"good": ObjectHome("good", Plugin())}, ("hangs",))
        assert await made(tested)
    finally:
        gate.opened.set()


async def test_who_waits_at_a_reload_goes_to_who_comes_with_it(tmp_path: Path) -> None:
    """What had begun ends with the codec that was. A test looks all the time."""
    gate = Gate()
    hooks, before = hooks_of(Plugin(Unwrapping(gate))), Unwrapping()
    tested = PluginTranscoding(
        hooks.transcoder,
        TranscodingSettings(at_once=1),
        CopyPlace(tmp_path),
        sleep=lambda _: anyio.lowlevel.checkpoint(),
    )
    old = hooks.transcoder.lineup
    done: list[bytes] = []

    async def make() -> None:
        async with tested.transcoded(ORIGINAL, EXPLICIT_VR_LITTLE_ENDIAN) as data:
            done.append(b"".join([bytes(piece) async for piece in data.pieces()]))

    async with running(tested), anyio.create_task_group() as tasks:
        tasks.start_soon(make)
        await gate.until_entered()
        tasks.start_soon(make)
        while not tested._threads._waiting:
            await anyio.lowlevel.checkpoint()
        hooks.replace({"new": ObjectHome("new", Plugin(before))}, ("acme",))
        while not done:
            await anyio.lowlevel.checkpoint()
        assert (old.running, len(before.files)) == (1, 1)
        assert tested.health().working == 1
        gate.opened.set()
    assert done == [HEADER + unwrapped()] * 2
    assert old.running == 0


async def test_p07_what_a_codec_writes_is_looked_at_while_it_does(tmp_path: Path) -> None:
    gate = Gate()

    class Writing(Unwrapping):
        def transcode(self, source: BinaryIO, target: BinaryIO, /) -> None:
            self.files.append((source, target))
            target.write(bytes(1_000_001))
            target.flush()
            gate()

    settings = TranscodingSettings(max_bytes=1_000_000)
    hooks, place = hooks_of(Plugin(Writing())), CopyPlace(tmp_path)

    async def look(seconds: float) -> None:
        assert seconds == LOOK_S
        await anyio.lowlevel.checkpoint()

    tested = PluginTranscoding(hooks.transcoder, settings, place, sleep=look)
    try:
        with pytest.raises(NotTranscoded, match=r"transcoding\.max_bytes"):
            await made(tested)
        assert tested.health() == TranscodingHealth(0, 1, 1)
    finally:
        gate.opened.set()


async def test_what_nobody_has_told_yet_may_be_possible_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codecs, "PATIENCE_S", 0.0)
    tested = transcoding(tmp_path, Hanging())
    assert await tested.ways() is NO_WAYS
    with pytest.raises(NotTranscodedNow, match="have not said yet"):
        await made(tested)


async def test_who_is_there_is_asked_before_anything_leaves(tmp_path: Path) -> None:
    plugin, hooks = Plugin(), hooks_of()
    tested = PluginTranscoding(hooks.transcoder, TranscodingSettings(), CopyPlace(tmp_path))
    async with running(tested):
        await anyio.wait_all_tasks_blocked()
        hooks.replace({"new": ObjectHome("new", plugin)}, ())
        tested.refresh()
        await anyio.wait_all_tasks_blocked()
        assert plugin.asked == [*TARGETS]
