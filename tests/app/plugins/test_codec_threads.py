"""Threads for codecs: how many, for how long, and what becomes of those that do not return."""

import io
import os
import tempfile
import threading
from time import monotonic
from typing import BinaryIO

import anyio
import pytest

from pacsd.api.dispatch.lineup import Lineup
from pacsd.app.conf.settings import TranscodingSettings
from pacsd.app.plugins import codec_threads
from pacsd.app.plugins.codec_threads import CodecThreads, Replaced
from pacsd.app.plugins.copy_place import NoRoom
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
        self.lineup = Lineup(())
        self.is_full = False
        settings = TranscodingSettings(at_once=at_once, deadline_s=deadline_s)
        self.threads = CodecThreads(settings, self.lineup, self.check_room, lambda: self.now)

    def check_room(self) -> None:
        if self.is_full:
            raise NoRoom("nearly full")

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


class Asking:
    """Those who ask for something, and what they are told."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.ended: list[str] = []

    async def ask(self, codec: Unwrapping, name: str = "") -> None:
        try:
            await self._bench.transcoded(codec)
        except (NotTranscoded, Replaced) as error:
            self.ended.append(f"{type(error).__name__}: {error}")
        else:
            self.ended.append(name)


async def test_who_waits_meanwhile_is_told_as_well() -> None:
    bench, gate = Bench(at_once=1), Gate()
    asking = Asking(bench)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(asking.ask, Unwrapping(gate), "the first")
        await gate.until_entered()
        tasks.start_soon(asking.ask, Unwrapping(), "the second")
        await anyio.wait_all_tasks_blocked()
        await bench.threads.look()
        await anyio.wait_all_tasks_blocked()
        assert asking.ended == []
        bench.now = LONG + 1
        await bench.threads.look()
        await anyio.wait_all_tasks_blocked()
        why = "1 codecs have not returned (transcoding.at_once)"
        assert asking.ended == [f"NotTranscodedNow: {why}"]
        gate.opened.set()
    await bench.until_idle()


async def test_who_waits_is_not_overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by who comes when it has waited for longer than a codec may take."""
    monkeypatch.setattr(codec_threads, "MAX_DEADLINES_WAITED", 10_000)
    bench = Bench(at_once=1, deadline_s=0.01)
    asking, limiter = Asking(bench), bench.threads._limiter
    async with anyio.create_task_group() as tasks:
        await limiter.acquire_on_behalf_of("nobody")  # its thread is held, and no codec late
        tasks.start_soon(asking.ask, Unwrapping(), "the first")
        await anyio.wait_all_tasks_blocked()
        with anyio.move_on_after(0.03):
            await anyio.Event().wait()
        bench.threads._deadline_s = LONG
        tasks.start_soon(asking.ask, Unwrapping(), "the second")
        await anyio.wait_all_tasks_blocked()
        limiter.release_on_behalf_of("nobody")
    assert asking.ended == ["the first", "the second"]


async def test_nobody_waits_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_threads, "MAX_DEADLINES_WAITED", 0.0001)
    bench, gate = Bench(at_once=1), Gate()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.transcoded, Unwrapping(gate))
        await gate.until_entered()
        with pytest.raises(NotTranscodedNow, match=r"no thread was free within 0\.006 s"):
            await bench.transcoded(Unwrapping())
        gate.opened.set()
    await bench.until_idle()


async def test_who_reads_its_original_is_no_codec_that_does_not_return() -> None:
    bench, begun, go_on = Bench(at_once=1), anyio.Event(), anyio.Event()
    asking = Asking(bench)

    async def slow() -> tuple[BinaryIO, BinaryIO]:
        begun.set()
        await go_on.wait()
        return await bench.files()

    async def read_slowly() -> None:
        (await bench.threads.transcoded(Unwrapping(), slow, EXPECTED)).file.close()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read_slowly)
        await begun.wait()
        bench.now = 2 * LONG
        tasks.start_soon(asking.ask, Unwrapping(), "the second")
        await anyio.wait_all_tasks_blocked()
        await bench.threads.look()
        await anyio.wait_all_tasks_blocked()
        assert asking.ended == []
        go_on.set()
    assert asking.ended == ["the second"]


async def test_an_original_that_does_not_come_keeps_no_place() -> None:
    bench = Bench(at_once=1, deadline_s=0.05)

    async def never() -> tuple[BinaryIO, BinaryIO]:
        await anyio.Event().wait()
        return await bench.files()

    with pytest.raises(NotTranscodedNow, match=r"could not be read within 0\.05 s"):
        await bench.threads.transcoded(Unwrapping(), never, EXPECTED)
    assert (bench.threads.working, bench.lineup.running) == (0, 0)


async def test_a_reload_waits_for_what_is_begun_and_nothing_more_is() -> None:
    bench, gate = Bench(at_once=1), Gate()
    asking = Asking(bench)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(asking.ask, Unwrapping(gate), "the first")
        await gate.until_entered()
        assert bench.lineup.running == 1
        assert bench.lineup.used_until > monotonic() + LONG
        tasks.start_soon(asking.ask, Unwrapping(), "the second")
        await anyio.wait_all_tasks_blocked()
        bench.lineup.replaced = True
        await bench.threads.look()
        await anyio.wait_all_tasks_blocked()
        assert asking.ended == ["Replaced: "]
        gate.opened.set()
    assert asking.ended == ["Replaced: ", "the first"]
    assert (bench.threads.working, bench.lineup.running) == (0, 0)


async def test_it_waits_for_who_works_for_nobody_any_more() -> None:
    bench, gate = Bench(at_once=1), Gate()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.transcoded, Unwrapping(gate))
        await gate.until_entered()
        tasks.cancel_scope.cancel()
    assert bench.lineup.running == 1
    gate.opened.set()
    await bench.until_idle()
    assert bench.lineup.running == 0


class Writing(Unwrapping):
    """Writes and writes; between that it waits."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    def transcode(self, source: BinaryIO, target: BinaryIO, /) -> None:
        self.files.append((source, target))
        target.write(bytes(EXPECTED.max_bytes + 1))
        target.flush()
        self.gate()


@pytest.mark.parametrize("is_full", [False, True])
async def test_p07_who_writes_too_much_is_left_behind(is_full: bool) -> None:
    bench, gate = Bench(at_once=1), Gate()
    bench.is_full = is_full
    asking = Asking(bench)
    codec = Unwrapping(gate) if is_full else Writing(gate)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(asking.ask, codec)
        await gate.until_entered()
        await bench.threads.look()
        await anyio.wait_all_tasks_blocked()
        too_much = "the codec wrote 1000001 bytes, more than 1000000 (transcoding.max_bytes)"
        why = "NotTranscodedNow: nearly full" if is_full else f"NotTranscoded: {too_much}"
        assert asking.ended == [why]
        assert os.fstat(bench.made[0][1].fileno()).st_size == 0
        assert bench.threads.working == 1
        gate.opened.set()
    await bench.until_idle()
    assert bench.are_closed


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
