"""Frames that only a codec can put into what the client takes."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import anyio
import pytest

from pacsd.api.store import Location
from pacsd.archive.frame_reading import FrameReader, Frames
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.index.records import Copy, CopyState
from pacsd.net.sending import OpenDataSet
from pacsd.net.transcoding import DataSet, NotTranscoded, NotTranscodedNow, Original, Ways
from pacsd.net.web import transcoded_frames
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.transcoded_frames import TranscodedFrames
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.net.transcoder import JPEG_LS, RLE, FakeTranscoding, Made, stored
from tests.net.web.conftest import in_one_task
from tests.net.web.serving import UID, Answer, Served, fragments, image, path, serving

OCTETS = "application/octet-stream"
RELATED = f'multipart/related; type="{OCTETS}"'
STORED = [b"one-", b"two-", b"three-"]
FRAMES = [bytes([number] * 4) for number in range(1, 4)]


class Decoding(FakeTranscoding):
    """Makes three frames of samples, or `made` instead, of whatever it is given."""

    def __init__(self) -> None:
        super().__init__(Ways({RLE: (*REENCODABLE, JPEG_LS)}))
        self.made = image(3)

    @asynccontextmanager
    async def transcoded(
        self, original: Original, target_uid: str
    ) -> AsyncGenerator[DataSet, None]:
        async with super().transcoded(original, target_uid):
            await anyio.lowlevel.checkpoint()
            yield Made(self.made)


@pytest.fixture
def codecs() -> Decoding:
    return Decoding()


@pytest.fixture
async def served(tmp_path: Path, codecs: Decoding) -> AsyncIterator[Served]:
    async for each in in_one_task(serving(tmp_path, transcoding=codecs)):
        await add(each, UID)
        yield each


async def add(served: Served, uid: str) -> None:
    await served.add(image(3, uid, pixels=fragments(*STORED)), uid, RLE)


async def get(served: Served, numbers: str, accept: str | None, uid: str = UID) -> Answer:
    return await served.get(path(uid, below=f"/frames/{numbers}"), accept)


@pytest.mark.parametrize(
    "accept", [RELATED, f"{RELATED}; transfer-syntax={EXPLICIT_VR_LITTLE_ENDIAN}"]
)
async def test_who_takes_samples_gets_them(served: Served, accept: str) -> None:
    answer = await get(served, "3,1", accept)
    assert answer.status == 200
    assert [each.body for each in answer.parts] == [FRAMES[2], FRAMES[0]]
    kind = f"{OCTETS}; transfer-syntax={EXPLICIT_VR_LITTLE_ENDIAN}"
    assert {each.headers["content-type"] for each in answer.parts} == {kind}
    alone = await get(served, "2", OCTETS)
    assert (alone.body, alone.headers["Content-Type"]) == (FRAMES[1], kind)
    assert alone.headers["ETag"].startswith("W/")


@pytest.mark.parametrize("accept", [None, f"{RELATED}; transfer-syntax=*", "*/*"])
async def test_who_takes_what_is_stored_gets_that(
    served: Served, codecs: Decoding, accept: str | None
) -> None:
    answer = await get(served, "1,2", accept)
    assert [each.body for each in answer.parts] == STORED[:2]
    assert codecs.done == []


async def test_an_object_is_transcoded_once_for_all_its_frames(
    served: Served, codecs: Decoding
) -> None:
    bodies: list[bytes] = []

    async def ask(number: int) -> None:
        bodies.append((await get(served, f"{number}", OCTETS)).body)

    async with anyio.create_task_group() as tasks:
        for number in (1, 2, 3, 1):
            tasks.start_soon(ask, number)
    assert sorted(bodies) == sorted([*FRAMES, FRAMES[0]])
    assert codecs.done == [(UID, EXPLICIT_VR_LITTLE_ENDIAN)]


async def test_of_what_was_made_the_last_is_kept(
    served: Served, codecs: Decoding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcoded_frames, "MAX_KEPT_BYTES", int(len(codecs.made) * 1.5))
    await add(served, "1.2.3.5")
    for uid in (UID, "1.2.3.5", "1.2.3.5", UID):
        assert (await get(served, "1", OCTETS, uid)).body == FRAMES[0]
    assert [uid for uid, _ in codecs.done] == [UID, "1.2.3.5", UID]


class FailingOnce(Decoding):
    """Fails the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.first = anyio.Event()
        self.others = anyio.Event()
        self.most_inside = 0

    @asynccontextmanager
    async def transcoded(
        self, original: Original, target_uid: str
    ) -> AsyncGenerator[DataSet, None]:
        is_first = not self.done
        async with super().transcoded(original, target_uid) as made:
            self.most_inside = max(self.most_inside, self.inside)
            await (self.first if is_first else self.others).wait()
            if is_first:
                raise NotTranscodedNow("the disk is nearly full")
            yield made


class Alive:
    """What is asked for, as far as `frames` minds."""

    def alive(self) -> None:
        """So it is."""


class Bench:
    """The frames of an instance by themselves."""

    def __init__(self, codecs: FakeTranscoding) -> None:
        copy = Copy(1, Location("store", UID, 4), 4, b"sha", RLE, CopyState.OK, 0)
        self.instance = Retrievable(CT_IMAGE_STORAGE, UID, "1.2", (copy,))
        self.tested = TranscodedFrames(self, FrameReader(MemoryStore()), codecs)

    def data_sets(self, page: Sequence[Retrievable]) -> Sequence[OpenDataSet]:
        return [stored(b"wrapped!") for _ in page]

    async def frames(self) -> Frames:
        exchange = cast("Exchange", Alive())
        return await self.tested.frames(exchange, self.instance, EXPLICIT_VR_LITTLE_ENDIAN)


async def test_when_the_first_fails_the_others_still_wait_for_each_other() -> None:
    codecs, made, failed = FailingOnce(), list[int](), list[str]()
    bench = Bench(codecs)

    async def ask() -> None:
        try:
            made.append(len(await bench.frames()))
        except NotTranscodedNow as error:
            failed.append(str(error))

    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        codecs.first.set()
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        codecs.others.set()
    assert (made, failed) == ([3, 3], ["the disk is nearly full"])
    assert (len(codecs.done), codecs.most_inside) == (2, 1)
    assert not bench.tested._making


async def test_what_is_kept_anew_is_the_last_to_be_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(Decoding())
    frames = await bench.frames()
    monkeypatch.setattr(transcoded_frames, "MAX_KEPT_BYTES", 10)
    for name, size in ((b"1", 4), (b"2", 4), (b"1", 7)):
        bench.tested._keep((name, RLE, RLE), frames, size)
    assert [name for name, _, _ in bench.tested._kept] == [b"1"]


async def test_frames_as_bulk_data_are_no_others(served: Served) -> None:
    answer = await served.get(path(below="/bulkdata/7FE00010"), RELATED)
    assert [each.body for each in answer.parts] == FRAMES


async def test_p07_frames_that_cannot_be_transcoded_are_not_acceptable(
    served: Served, codecs: Decoding
) -> None:
    codecs.errors = {UID: NotTranscoded("12 bits only")}
    answer = await get(served, "1", OCTETS)
    assert (answer.status, "cannot be transcoded" in answer.why) == (406, True)
    codecs.errors = {UID: NotTranscodedNow("the disk is nearly full")}
    assert (await get(served, "1", OCTETS)).status == 503
    codecs.errors = {}
    assert (await get(served, "1", OCTETS)).status == 200


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (image(2), "the codec makes 2 frames of 3"),
        (data_set({}), "no frames of it that can be told apart"),
        (image(3)[:-4], "no frames of it that can be told apart"),
    ],
)
async def test_p07_other_frames_are_not_given_out(
    served: Served, codecs: Decoding, made: bytes, why: str
) -> None:
    codecs.made = made
    answer = await get(served, "1", OCTETS)
    assert (answer.status, why in answer.why) == (406, True), answer.why


async def test_what_is_too_long_is_not_taken_into_memory(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcoded_frames, "MAX_BYTES", 100)
    answer = await get(served, "1", OCTETS)
    assert (answer.status, "more than 100 bytes" in answer.why) == (406, True)


async def test_what_no_codec_makes_is_not_acceptable(served: Served) -> None:
    assert (await get(served, "1", 'multipart/related; type="image/png"')).status == 406
    assert (await get(served, "9", OCTETS)).status == 404
