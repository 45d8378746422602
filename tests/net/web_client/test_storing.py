import socket
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from pacsd.net.web_client.errors import Broken, Refused, UnreadableInstance
from pacsd.net.web_client.storing import FileToStore, store
from pacsd.testing.objects import data_set
from tests.dicom.written import EXPLICIT
from tests.net.web.serving import Served, part10, serving
from tests.net.web_client.answering import Answer, Answering, answer, answering, asking, silent

CT = "1.2.840.10008.5.1.4.1.1.2"


def file_to_store(uid: str, content: bytes = b"", size_bytes: int | None = None) -> FileToStore:
    content = content or part10(data_set({"SOPInstanceUID": uid, "SOPClassUID": CT}), uid)

    async def read() -> AsyncGenerator[bytes, None]:
        yield content[:200]
        yield content[200:]

    size = len(content) if size_bytes is None else size_bytes
    return FileToStore(CT, uid, EXPLICIT.uid, size, read)


def gone(uid: str) -> FileToStore:
    async def read() -> AsyncGenerator[bytes, None]:
        yield b"abc"
        raise FileNotFoundError(2, "No such file or directory")

    return FileToStore(CT, uid, EXPLICIT.uid, 6, read)


async def stored(served: Answering, *files: FileToStore, patience_s: float = 20.0) -> object:
    async with asking(served, patience_s=patience_s) as session:
        return await store(session, files)


def of(served: Served) -> Answering:
    return Answering((), port=served.address.port)


async def test_our_own_server_has_it_and_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        good, other = file_to_store("1.2.1"), file_to_store("1.2.2")
        broken = file_to_store("1.2.3", part10(b"\xff" * 100, "1.2.3"))
        async with asking(of(served)) as session:
            said = await store(session, [good, broken, other])
    assert said.statuses["1.2.1"] == said.statuses["1.2.2"] == 0
    assert said.statuses["1.2.3"] == 0xC000
    assert "StudyInstanceUID" in said.warned


async def test_all_of_it_is_refused_one_by_one(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, asking(of(served)) as session:
        said = await store(session, [file_to_store("1.2.3", part10(b"\xff" * 100, "1.2.3"))])
        nameless = await store(session, [file_to_store("1.2.3", b"no DICOM at all")])
    assert said.statuses == {"1.2.3": 0xC000}
    assert (nameless.statuses, nameless.unnamed) == ({}, (0xC000,))


async def test_what_is_sent() -> None:
    async with answering() as served:
        await stored(served, file_to_store("1.2.1", b"a" * 300), file_to_store("1.2.2", b"bc"))
    (asked,) = served.asked
    assert (asked.method, asked.target) == ("POST", "/dicomweb/studies")
    content_type, boundary = asked.headers["content-type"].split("; boundary=")
    assert content_type == 'multipart/related; type="application/dicom"'
    begin = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    parts = begin + b"a" * 300 + b"\r\n" + begin + b"bc\r\n"
    assert asked.body == parts + f"--{boundary}--\r\n".encode()
    assert asked.headers["accept"].startswith("application/dicom+json")


async def test_200_without_words_is_success() -> None:
    async with answering(answer(b"", "")) as served, asking(served) as session:
        said = await store(session, [file_to_store("1.2.1"), file_to_store("1.2.2")])
    assert said.statuses == {"1.2.1": 0, "1.2.2": 0}


@pytest.mark.parametrize(
    "file", [gone("1.2.2"), file_to_store("1.2.2", b"abcd", 3), file_to_store("1.2.2", b"ab", 3)]
)
async def test_a_file_that_cannot_be_read_to_its_end(file: FileToStore) -> None:
    async with answering(silent) as served:
        with pytest.raises(UnreadableInstance, match=r"No such file|length has changed") as failed:
            await stored(served, file_to_store("1.2.1"), file)
    assert failed.value.position == 1


@pytest.mark.parametrize(
    ("said", "error", "why"),
    [
        (answer(b"<html>", "text/html"), Broken, "none of STOW-RS"),
        (answer(b"", "", status=202), Broken, "none of STOW-RS"),
        (answer(b"{", status=409), Broken, "none of STOW-RS: JSON"),
        (answer(b'{"error": "why"}', "application/json", status=409), Refused, "says: why"),
        (answer(b"", "", status=401), Refused, "HTTP 401"),
        (answer(b"<html>", "text/html", status=500), Refused, "HTTP 500"),
        (answer(b"", "", status=302, Location="http://elsewhere.invalid/"), Refused, "'http:.*'"),
        (answer(b"", "", status=404), Refused, "is this the root"),
        (answer(b"x" * 9_000_000), Broken, "more than 8388608"),
        (answer(b"{", length=9), Broken, "broke off"),
        (b"", Broken, "no answer"),
    ],
)
async def test_w41_w42_what_is_no_response(said: Answer, error: type[Exception], why: str) -> None:
    async with answering(said) as served:
        with pytest.raises(error, match=why):
            await stored(served, file_to_store("1.2.1"))
    assert len(served.asked) == 1


async def test_w41_a_server_that_takes_nothing_and_says_nothing() -> None:
    """It reads no byte of a payload that no buffer holds."""

    async def read() -> AsyncGenerator[bytes, None]:
        for _ in range(1_000):
            yield bytes(1 << 16)

    file = FileToStore(CT, "1.2.1", EXPLICIT.uid, 1_000 << 16, read)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        served = Answering((), port=deaf.getsockname()[1])
        async with asking(served, patience_s=0.3) as session:
            with pytest.raises(Broken, match="no answer within"):
                await store(session, [file])
