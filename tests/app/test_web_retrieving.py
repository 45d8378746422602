import json
from pathlib import Path

import pytest

from pacsd.app.file_receiving import Received
from pacsd.app.wanted import read_wanted
from pacsd.app.web_retrieving import WebGet, get_from_web
from pacsd.net.web_client.errors import Broken, Refused, WebError
from pacsd.testing.objects import data_set
from tests.net.web.serving import RELATED, part10, payload
from tests.net.web_client.answering import Answer, Answering, answer, answering

ABOVE = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.3"}
NAMES = {
    "StudyInstanceUID": "0020000D",
    "SeriesInstanceUID": "0020000E",
    "SOPInstanceUID": "00080018",
}


def file(uid: str, study: str = "1.2") -> bytes:
    return part10(data_set({"StudyInstanceUID": study, "SOPInstanceUID": uid}), uid)


def files(*content: bytes) -> bytes:
    return answer(payload(*content), RELATED)


def matches(*found: dict[str, str]) -> bytes:
    said = [
        {NAMES[name]: {"vr": "UI", "Value": [uid]} for name, uid in each.items()} for each in found
    ]
    return answer(json.dumps(said).encode())


class Get:
    def __init__(self, folder: Path) -> None:
        self.failures: list[tuple[str, str]] = []
        self.received = Received()
        self.get = WebGet(folder, self.failed, lambda: None, self.received)

    def failed(self, uid: str, why: str) -> None:
        self.failures.append((uid, why))

    async def run(self, served: Answering, *keys: str) -> None:
        await get_from_web(served.server(), read_wanted(keys), self.get)


def targets(served: Answering) -> list[str]:
    return [each.target.removeprefix("/dicomweb") for each in served.asked]


@pytest.mark.parametrize(
    ("keys", "target"),
    [
        (["StudyInstanceUID=1.2"], "/studies/1.2"),
        (["SeriesInstanceUID=1.2.3", "StudyInstanceUID=1.2"], "/studies/1.2/series/1.2.3"),
        (
            ["StudyInstanceUID=1.2", "SeriesInstanceUID=1.2.3", "SOPInstanceUID=1.2.3.4"],
            "/studies/1.2/series/1.2.3/instances/1.2.3.4",
        ),
    ],
)
async def test_what_is_named_in_full(tmp_path: Path, keys: list[str], target: str) -> None:
    get = Get(tmp_path)
    async with answering(files(file("1.2.3.4"))) as served:
        await get.run(served, *keys)
    assert targets(served) == [target]
    assert (tmp_path / "1.2" / "1.2.3.4.dcm").read_bytes() == file("1.2.3.4")
    assert (get.received.files, get.failures) == (1, [])


@pytest.mark.parametrize(
    ("keys", "searched", "found", "target"),
    [
        (
            ["PatientID=A B"],
            "/studies?PatientID=A%20B&limit=100",
            {"StudyInstanceUID": "1.2"},
            "/studies/1.2",
        ),
        (
            ["SeriesInstanceUID=1.2.3"],
            "/series?SeriesInstanceUID=1.2.3&limit=100",
            ABOVE,
            "/studies/1.2/series/1.2.3",
        ),
        (
            ["StudyInstanceUID=1.2", "SOPInstanceUID=1.2.3.4"],
            "/studies/1.2/instances?SOPInstanceUID=1.2.3.4&limit=100",
            {"SeriesInstanceUID": "1.2.3", "SOPInstanceUID": "1.2.3.4"},
            "/studies/1.2/series/1.2.3/instances/1.2.3.4",
        ),
        (
            ["PatientID=A", "StudyInstanceUID=1.2"],
            "/studies?PatientID=A&StudyInstanceUID=1.2&limit=100",
            {"StudyInstanceUID": "1.2"},
            "/studies/1.2",
        ),
    ],
)
async def test_what_is_not_is_searched_for(
    tmp_path: Path, keys: list[str], searched: str, found: dict[str, str], target: str
) -> None:
    get = Get(tmp_path)
    async with answering(matches(found), files(file("1.2.3.4"))) as served:
        await get.run(served, *keys)
    assert targets(served) == [searched, target]
    assert (get.received.files, get.failures) == (1, [])


async def test_one_of_several_may_fail(tmp_path: Path) -> None:
    get = Get(tmp_path)
    answers = (
        answer(status=404),
        answer(status=410),
        answer(status=500),
        files(file("1.5.1", "1.5")),
    )
    async with answering(*answers) as served:
        await get.run(served, r"StudyInstanceUID=1.2\1.3\1.4\1.5")
    assert targets(served) == [f"/studies/1.{n}" for n in (2, 3, 4, 5)]
    assert [uid for uid, _ in get.failures] == ["1.2", "1.3", "1.4"]
    assert get.failures[2][1].startswith("HTTP 500")
    assert get.received.files == 1


async def test_nothing_is_there(tmp_path: Path) -> None:
    get = Get(tmp_path)
    async with answering(answer(status=404)) as served:
        await get.run(served, "StudyInstanceUID=1.2")
    async with answering(answer(status=204)) as served:
        await get.run(served, "PatientID=A")
    assert (get.received.files, get.failures) == (0, [])


async def test_w41_matches_that_name_nothing(tmp_path: Path) -> None:
    get = Get(tmp_path)
    said = matches({}, {"StudyInstanceUID": "../1"}).replace(b"[{}", b'[{"0020000D": {"vr": 7}}')
    said = answer(said.partition(b"\r\n\r\n")[2])
    async with answering(said) as served:
        await get.run(served, "PatientID=A")
    assert [uid for uid, _ in get.failures] == ["a match", "a match"]
    assert "does not say the UIDs" in get.failures[1][1]
    assert len(served.asked) == 1


def hidden(folder: Path) -> list[Path]:
    return [*folder.rglob(".*")]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer(status=401), Refused),
        (answer(payload(file("1.2.3.4"))[:-5], RELATED), Broken),
        (answer(b"", "text/html"), Broken),
    ],
)
async def test_w41_what_ends_it(tmp_path: Path, said: Answer, error: type[WebError]) -> None:
    get = Get(tmp_path)
    async with answering(said) as served:
        with pytest.raises(error):
            await get.run(served, r"StudyInstanceUID=1.2\1.3")
    assert len(served.asked) == 1
    assert not hidden(tmp_path)
