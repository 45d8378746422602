"""WADO-RS of what only a codec can put into what the client takes."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from structlog.typing import EventDict

from pacsd.dicom.part10 import decode_file_meta
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from pacsd.net.http_connection import HttpLimits
from pacsd.net.transcoding import DataSet, NotTranscoded, NotTranscodedNow, Original, Ways
from pacsd.net.web import transcoded
from pacsd.net.web.exchange import Exchange
from tests.net.transcoder import JPEG_LS, RLE, FakeTranscoding
from tests.net.web.conftest import in_one_task
from tests.net.web.serving import JPEG, STUDY, UID, Served, image, path, serving
from tests.net.web.test_payload import cut_short

DICOM = "application/dicom"
RELATED = 'multipart/related; type="application/dicom"'
EXPLICIT = EXPLICIT_VR_LITTLE_ENDIAN
DECODED = f"{DICOM}; transfer-syntax={EXPLICIT}"
TIMEOUT_S = 30.0
WAYS = Ways({RLE: (EXPLICIT, IMPLICIT_VR_LITTLE_ENDIAN, JPEG_LS), EXPLICIT: (JPEG_LS,)})


SILENT_S = 0.1
TOLD_EACH_S = 0.02


class Slow(FakeTranscoding):
    """Longer at it than a connection may be silent: until told often enough that it lives."""

    times_told = 0

    @asynccontextmanager
    async def transcoded(
        self, original: Original, target_uid: str
    ) -> AsyncGenerator[DataSet, None]:
        self.times_told = 0
        self.is_long_at_it = anyio.Event()
        with anyio.fail_after(TIMEOUT_S):
            await self.is_long_at_it.wait()
        async with super().transcoded(original, target_uid) as made:
            yield made

    def hear(self) -> None:
        self.times_told += 1
        if self.times_told * TOLD_EACH_S > 2 * SILENT_S:
            self.is_long_at_it.set()


@pytest.fixture
def codecs() -> FakeTranscoding:
    return FakeTranscoding(WAYS)


@pytest.fixture
async def served(tmp_path: Path, codecs: FakeTranscoding) -> AsyncIterator[Served]:
    async for each in in_one_task(serving(tmp_path, transcoding=codecs)):
        yield each


async def add(served: Served, *numbers: int, syntax: str = RLE) -> None:
    for number in numbers:
        await served.add(image(uid=f"1.2.3.{number}"), f"1.2.3.{number}", syntax)


def data_of(file: bytes) -> tuple[str, bytes]:
    meta, offset = decode_file_meta(file)
    return meta.transfer_syntax_uid, file[offset:]


@pytest.mark.parametrize("wanted", [EXPLICIT, IMPLICIT_VR_LITTLE_ENDIAN, JPEG_LS])
async def test_who_asks_for_what_a_codec_makes_gets_it(
    served: Served, codecs: FakeTranscoding, wanted: str
) -> None:
    await add(served, 4)
    answer = await served.get(path(), f"{DICOM}; transfer-syntax={wanted}")
    assert answer.status == 200
    assert data_of(answer.body) == (wanted, image()[::-1])
    assert answer.headers["Content-Type"] == f"{DICOM}; transfer-syntax={wanted}"
    assert answer.headers["Content-Location"] == served.root + path()
    (part,) = (await served.get(path(), f"{RELATED}; transfer-syntax={wanted}")).parts
    assert data_of(part.body) == (wanted, image()[::-1])
    assert codecs.inside == 0


@pytest.mark.parametrize(
    "accept",
    [None, RELATED, f"{RELATED}; transfer-syntax=*", f"{RELATED}; transfer-syntax={RLE}", "*/*"],
)
async def test_who_takes_what_is_stored_gets_that(
    served: Served, codecs: FakeTranscoding, accept: str | None
) -> None:
    await add(served, 4)
    (part,) = (await served.get(path(), accept)).parts
    assert data_of(part.body) == (RLE, image())
    assert (codecs.done, codecs.asked) == ([], 0)


async def test_what_is_uncompressed_is_encoded_anew_without_a_codec(
    served: Served, codecs: FakeTranscoding
) -> None:
    await add(served, 4, syntax=EXPLICIT)
    accept = f"{RELATED}; transfer-syntax={JPEG_LS}, {RELATED}; transfer-syntax={EXPLICIT}"
    (part,) = (await served.get(path(), accept)).parts
    assert data_of(part.body)[0] == EXPLICIT
    assert (codecs.done, codecs.asked) == ([], 0)


async def test_a_study_leaves_decoded(served: Served) -> None:
    await add(served, 4, 5)
    await add(served, 6, syntax=EXPLICIT)
    answer = await served.get(f"/studies/{STUDY}", f"{RELATED}; transfer-syntax={EXPLICIT}")
    assert answer.status == 200
    assert [data_of(each.body) for each in answer.parts] == [
        (EXPLICIT, image(uid="1.2.3.4")[::-1]),
        (EXPLICIT, image(uid="1.2.3.5")[::-1]),
        (EXPLICIT, image(uid="1.2.3.6")),
    ]


async def test_what_no_codec_takes_is_left_out(served: Served) -> None:
    await add(served, 4)
    await add(served, 5, syntax=JPEG)
    accept = f"{RELATED}; transfer-syntax={EXPLICIT}"
    answer = await served.get(f"/studies/{STUDY}", accept)
    assert (answer.status, len(answer.parts)) == (206, 1)
    assert (await served.get(path("1.2.3.5"), accept)).status == 406


async def test_p07_an_instance_that_cannot_be_transcoded_is_not_acceptable(
    served: Served, codecs: FakeTranscoding
) -> None:
    codecs.errors = {UID: NotTranscoded("12 bits only")}
    await add(served, 4)
    answer = await served.get(path(), DECODED)
    assert answer.status == 406
    assert "cannot be transcoded" in answer.why
    assert "12 bits" not in answer.why


async def test_one_that_cannot_be_now_may_be_asked_for_again(
    served: Served, codecs: FakeTranscoding
) -> None:
    codecs.errors = {UID: NotTranscodedNow("the disk is nearly full")}
    await add(served, 4)
    answer = await served.get(path(), DECODED)
    assert (answer.status, "Retry-After" in answer.headers) == (503, True)


async def test_p07_of_a_study_all_others_leave_and_the_client_notices(
    served: Served, codecs: FakeTranscoding, logged: list[EventDict]
) -> None:
    codecs.errors = {UID: NotTranscoded("12 bits only")}
    await add(served, 4, 5)
    headers = {"Accept": f"{RELATED}; transfer-syntax={EXPLICIT}"}
    async with served.client.get(f"{served.root}/studies/{STUDY}", headers=headers) as answer:
        assert answer.status == 200
        got = await cut_short(answer)
    assert image(uid="1.2.3.5")[::-1] in got
    assert [each["why"] for each in logged] == ["12 bits only"]


async def test_the_tag_is_weak_since_another_codec_may_write_other_bytes(served: Served) -> None:
    await add(served, 4)
    answer = await served.get(path(), DECODED)
    tag = answer.headers["ETag"]
    assert tag.startswith("W/")
    assert (await served.get(path(), DECODED, If_None_Match=tag)).status == 304
    assert not (await served.get(path())).headers["ETag"].startswith("W/")


async def test_for_its_header_alone_nothing_is_transcoded(
    served: Served, codecs: FakeTranscoding
) -> None:
    await add(served, 4)
    answer = await served.ask("HEAD", path(), DECODED)
    assert (answer.status, answer.body, codecs.done) == (200, b"", [])


async def test_a_codec_at_work_keeps_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec, alive = Slow(WAYS), Exchange.alive

    def heard(exchange: Exchange) -> None:
        codec.hear()
        alive(exchange)

    monkeypatch.setattr(transcoded, "TELL_ALIVE_S", TOLD_EACH_S)
    monkeypatch.setattr(Exchange, "alive", heard)
    limits = HttpLimits(next_request_timeout_s=SILENT_S)
    async with serving(tmp_path, transcoding=codec, http=limits) as served:
        await add(served, 4, 5)
        assert (await served.get(path(), DECODED)).status == 200
        accept = f"{RELATED}; transfer-syntax={EXPLICIT}"
        assert len((await served.get(f"/studies/{STUDY}", accept)).parts) == 2
