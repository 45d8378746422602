"""Threads for codecs: how many, for how long, and what becomes of those that do not return."""

import io
import tempfile
import threading
from typing import BinaryIO

import anyio
import pytest

from pacsd.app.plugins.codec_threads import CodecThreads
from pacsd.app.plugins.transcoded_file import Expected
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.net.transcoding import NotTranscoded, NotTranscodedNow
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.app.plugins.unwrapping import LONG, WRAPPED, Gate, Unwrapping, wrapped
from tests.net.web.serving import part10

FILE = part10(data_set({"SOPInstanceUID": "1.2.3.4"}) + wrapped(), "1.2.3.4", WRAPPED)
EXPECTED = Expected(CT_IMAGE_STORAGE, "1.2.3.4", EXPLICIT_VR_LITTLE_ENDIAN, 1_000_000)


class Bench:
    """Threads, and the files that are made for them."""

    def __init__(self, at_once: int = 2, deadline_s: float = LONG) -> None:
        self.now = 0.0
        self.made: list[tuple[BinaryIO, BinaryIO]] = []
        self.threads = CodecThreads(at_once, deadline_s, lambda: self.now)

    async def files(self) -> tuple[BinaryIO, BinaryIO]:
        pair = io.BytesIO(FILE), tempfile.TemporaryFile()  # noqa: SIM115 - the work closes it
        self.made.append(pair)
        return pair

    async def transcoded(self, codec: Unwrapping) -> None:
        made = await self.threads.transcoded(codec, self.files, EXPECTED)
        made.file.close()

    async def until_idle(self) -> None:
        with anyio.fail_after(LONG):
            while self.threads.working:
                await anyio.lowlevel.checkpoint()

    @property
    def are_closed(self) -> bool:
        return all(file.closed for pair in self.made for file in pair)


async def test_only_so_many_at_once() -> None:
    bench, gate = Bench(), Gate()
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(bench.transcoded, Unwrapping(gate))
        await gate.until_entered(2)
        assert bench.threads.working == 2
        assert len(bench.made) == 2
        gate.opened.set()
    assert (gate.most, len(bench.made)) == (2, 5)
    await bench.until_idle()
    assert bench.are_closed


async def test_p07_who_does_not_return_is_left_behind_and_told_of_at_once() -> None:
    bench, gate = Bench(at_once=1, deadline_s=0.05), Gate()
    try:
        with pytest.raises(NotTranscodedNow, match=r"did not return within 0\.05 s"):
            await bench.transcoded(Unwrapping(gate))
        bench.now = 0.06
        with pytest.raises(NotTranscodedNow, match="1 codecs have not returned"):
            await bench.transcoded(Unwrapping())
        assert not bench.are_closed
    finally:
        gate.opened.set()
    await bench.until_idle()
    assert bench.are_closed
    await bench.transcoded(Unwrapping())


async def test_who_waits_meanwhile_is_told_as_well() -> None:
    bench, gate = Bench(at_once=1, deadline_s=0.05), Gate()
    refused: list[str] = []

    async def wait() -> None:
        try:
            await bench.transcoded(Unwrapping(gate))
        except NotTranscodedNow as error:
            bench.now = 0.06
            refused.append(str(error))

    try:
        with anyio.fail_after(LONG):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(wait)
                tasks.start_soon(wait)
    finally:
        gate.opened.set()
    assert len(refused) == 2
    assert "did not return" in refused[0]
    assert "have not returned" in refused[1]
    await bench.until_idle()


async def test_who_is_cancelled_leaves_it_and_its_thread_is_used_again() -> None:
    bench, gate = Bench(at_once=1), Gate()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.transcoded, Unwrapping(gate))
        await gate.until_entered()
        tasks.cancel_scope.cancel()
    assert not bench.are_closed
    gate.opened.set()
    await bench.transcoded(Unwrapping())
    assert bench.are_closed


async def test_files_that_cannot_be_made_keep_no_place() -> None:
    bench = Bench(at_once=1)

    async def fail() -> tuple[BinaryIO, BinaryIO]:
        raise NotTranscodedNow("no room")

    with pytest.raises(NotTranscodedNow, match="no room"):
        await bench.threads.transcoded(Unwrapping(), fail, EXPECTED)
    assert bench.threads.working == 0
    await bench.transcoded(Unwrapping())


async def test_what_it_raises_keeps_none_either() -> None:
    def fail() -> None:
        raise ValueError

    bench = Bench(at_once=1)
    for _ in range(2):
        with pytest.raises(NotTranscoded, match="the codec raised ValueError"):
            await bench.transcoded(Unwrapping(fail))
    await bench.until_idle()
    assert bench.are_closed


async def test_without_a_thread_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(NotTranscodedNow, match="there is no thread for a codec"):
            await bench.transcoded(Unwrapping())
    await bench.until_idle()
    assert bench.are_closed
    await bench.transcoded(Unwrapping())


async def test_closed_they_still_do_what_they_are_given() -> None:
    bench = Bench()
    bench.threads.close()
    await bench.transcoded(Unwrapping())
