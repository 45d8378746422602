from pathlib import Path

import pytest

from pacsd.dicomweb.targets import Kind, Target
from pacsd.net.web_client.errors import Broken, Refused, WebError
from pacsd.net.web_client.retrieving import Came, retrieve
from pacsd.testing.objects import data_set
from tests.net.web.serving import BOUNDARY, RELATED, STUDY, payload, serving
from tests.net.web_client.answering import (
    Act,
    Answer,
    Answering,
    answer,
    answering,
    asking,
    endless,
    then_silent,
)

TARGET = Target(Kind.STUDY, "1.2.3")
PART = f"--{BOUNDARY}\r\n\r\n".encode()
HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: {RELATED}\r\n\r\n".encode()


class Files:
    """What came whole, and how many were begun and given up."""

    def __init__(self) -> None:
        self.whole: list[bytes] = []
        self.begun = 0
        self.aborted = 0

    def begin(self) -> "Sink":
        self.begun += 1
        return Sink(self)


class Sink:
    def __init__(self, files: Files) -> None:
        self._files = files
        self._data = b""

    async def write(self, data: memoryview, /) -> None:
        self._data += data

    async def finish(self) -> None:
        self._files.whole.append(self._data)

    async def abort(self) -> None:
        self._files.aborted += 1


async def got(served: Answering, files: Files, patience_s: float = 20.0) -> Came:
    async with asking(served, patience_s=patience_s) as session:
        return await retrieve(session, TARGET, files.begin)


async def test_from_our_own_server(tmp_path: Path) -> None:
    files, other = Files(), Files()
    async with serving(tmp_path) as served:
        objects = {f"1.2.3.{n}": data_set({"SOPInstanceUID": f"1.2.3.{n}"}) for n in range(3)}
        for uid, data in objects.items():
            await served.add(data, uid)
        async with asking(Answering((), port=served.address.port)) as session:
            study, none = Target(Kind.STUDY, STUDY), Target(Kind.STUDY, "9.9")
            assert await retrieve(session, study, files.begin) is Came.ALL
            assert await retrieve(session, none, other.begin) is Came.NOTHING
    assert len(files.whole) == 3
    assert all(any(each.endswith(data) for each in files.whole) for data in objects.values())
    assert (files.aborted, other.whole, other.aborted) == (0, [], 0)


async def test_what_is_asked_and_taken() -> None:
    files = Files()
    async with answering(answer(payload(b"one", b"", b"three"), RELATED)) as served:
        assert await got(served, files) is Came.ALL
    assert files.whole == [b"one", b"", b"three"]
    (asked,) = served.asked
    assert asked.target == "/dicomweb/studies/1.2.3"
    expected = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    assert asked.headers["accept"] == expected


@pytest.mark.parametrize("body", [b"one file", b""])
async def test_one_file_by_itself(body: bytes) -> None:
    files = Files()
    async with answering(answer(body, "application/dicom; transfer-syntax=1.2")) as served:
        assert await got(served, files) is Came.ALL
    assert (files.whole, files.aborted) == ([body], 0)


async def test_what_the_server_leaves_out_is_told() -> None:
    files = Files()
    async with answering(answer(payload(b"one"), RELATED, status=206)) as served:
        assert await got(served, files) is Came.SOME
    assert files.whole == [b"one"]


@pytest.mark.parametrize("status", [204, 404, 410])
async def test_nothing_there(status: int) -> None:
    files = Files()
    async with answering(answer(b"", "", status=status)) as served:
        assert await got(served, files) is Came.NOTHING
    assert files.whole == []


@pytest.mark.parametrize(
    ("said", "error", "why"),
    [
        (answer(b"<html>", "text/html"), Broken, "none of WADO-RS.*text/html"),
        (answer(b"", "multipart/related"), Broken, "no boundary"),
        (answer(b"", 'multipart/related; type="image/png"; boundary=b'), Broken, "'image/png'"),
        (answer(payload(b"a", content_type="image/png"), RELATED), Broken, "part of the answer"),
        (answer(b"x" * 9_000, RELATED), Broken, "has no line --"),
        (answer(PART + b"abc", RELATED), Broken, "ends before the closing boundary"),
        (answer(PART + b"abc", RELATED, length=900), Broken, "broke off"),
        (answer(PART.replace(b"between", b"otherwise"), RELATED), Broken, "has no line --"),
        (answer(b"", "", status=406), Refused, "no media type that we read"),
        (answer(b"<html>", "text/html", status=500), Refused, "HTTP 500"),
        (b"", Broken, "no answer"),
    ],
)
async def test_w41_what_is_no_answer(said: Answer, error: type[WebError], why: str) -> None:
    files = Files()
    async with answering(said) as served:
        with pytest.raises(error, match=why) as failed:
            await got(served, files)
    assert files.whole == []
    assert str(failed.value).isprintable()


@pytest.mark.parametrize(
    "said",
    [
        endless(HEAD, b"x" * 1_000),
        endless(HEAD + b"--" + BOUNDARY.encode() + b"\r\n", b"A: b\r\n" * 100),
        then_silent(HEAD + PART + b"ab"),
        then_silent(answer(b"ab", "application/dicom", length=3)),
    ],
)
async def test_w41_what_has_no_end_is_given_up(said: Act) -> None:
    files = Files()
    async with answering(said) as served:
        with pytest.raises(Broken):
            await got(served, files, patience_s=0.5)
    assert (files.whole, files.aborted) == ([], files.begun)


async def test_w41_what_came_whole_before_it_broke_off_stays() -> None:
    files = Files()
    whole = payload(b"one", b"two").removesuffix(f"--{BOUNDARY}--\r\n".encode())
    async with answering(answer(whole + PART + b"thr", RELATED, length=9_000)) as served:
        with pytest.raises(Broken, match="broke off"):
            await got(served, files)
    assert (files.whole, files.aborted) == ([b"one", b"two"], 1)
