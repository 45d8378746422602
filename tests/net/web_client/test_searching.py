import json
from pathlib import Path

import pytest

from pacsd.dicom.data_set import DataSet
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import read_keys
from pacsd.dicomweb.search_request import search_request
from pacsd.net.web_client import searching
from pacsd.net.web_client.errors import Broken, Refused, WebError
from pacsd.net.web_client.searching import search
from pacsd.testing.objects import data_set
from tests.net.web.serving import serving
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

UID = 0x0020000D
MORE = '299 http://a/rs: "There are 7 additional results that can be requested"'


def page(*uids: object, warning: str = "") -> bytes:
    found = [{"0020000D": {"vr": "UI", "Value": [uid]}} for uid in uids]
    return answer(json.dumps(found).encode(), Warning=warning)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "PAGE", 2)


async def found(
    served: Answering,
    *keys: str,
    limit: int | None = None,
    warnings: list[str] | None = None,
    patience_s: float = 20.0,
) -> list[str]:
    """The UIDs, or why there is none."""
    request = search_request(Level.STUDY, read_keys(keys))
    told = [] if warnings is None else warnings
    async with asking(served, patience_s=patience_s) as session:
        return [
            "".join(each.texts(UID)) if isinstance(each, DataSet) else str(each)
            async for each in search(session, request, limit, told.append)
        ]


def queries(served: Answering) -> list[str]:
    return [each.target.partition("?")[2] for each in served.asked]


async def test_our_own_server_page_by_page(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        for number in range(5):
            uid = f"1.2.{number}"
            await served.add(
                data_set({
                    "StudyInstanceUID": uid, "SOPInstanceUID": f"{uid}.1",
                    "SeriesInstanceUID": f"{uid}.2", "PatientName": "M\xfcller^A",
                    "SpecificCharacterSet": "ISO_IR 192",
                }),
                f"{uid}.1",
            )  # fmt: skip
        other = Answering((), port=served.address.port)
        everything = await found(other, "PatientName=m\xfcll*")
        assert sorted(everything) == [f"1.2.{n}" for n in range(5)]
        assert await found(other, limit=3) == everything[:3]
        assert await found(other, "PatientName=other") == []


async def test_a_page_with_less_than_asked_for_is_the_last() -> None:
    async with answering(page("1", "2"), page("3")) as served:
        assert await found(served) == ["1", "2", "3"]
    assert queries(served) == ["limit=2", "limit=2&offset=2"]
    assert served.asked[0].headers["accept"].startswith("application/dicom+json")


@pytest.mark.parametrize("nothing", [answer(b"", "", status=204), page(), answer(b"")])
async def test_so_is_an_empty_one(nothing: bytes) -> None:
    async with answering(page("1", "2"), nothing) as served:
        assert await found(served) == ["1", "2"]
    assert len(served.asked) == 2


async def test_unless_the_server_says_that_there_is_more() -> None:
    warnings: list[str] = []
    async with answering(page("1", warning=MORE), page("2")) as served:
        assert await found(served, warnings=warnings) == ["1", "2"]
    assert queries(served) == ["limit=2", "limit=2&offset=1"]
    assert warnings == []


async def test_no_more_than_the_limit_is_asked_for() -> None:
    async with answering(page("1", "2"), page("3", "4")) as served:
        assert await found(served, limit=3) == ["1", "2", "3"]
        assert queries(served) == ["limit=2", "limit=1&offset=2"]


async def test_w41_a_server_without_paging_is_not_asked_for_ever() -> None:
    async with answering(page("1", "2", "3")) as served:
        assert await found(served) == ["1", "2", "3"]
    assert len(served.asked) == 2


async def test_w41_a_server_that_always_has_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MAX_MATCHES", 5)
    pages = [page(str(number), f"{number}.1") for number in range(9)]
    async with answering(*pages) as served:
        with pytest.raises(Broken, match="more than 5 matches"):
            await found(served)
    assert len(served.asked) == 3


async def test_w41_a_match_that_cannot_be_read_is_told_in_its_place() -> None:
    found_page = answer(json.dumps([{"0020000D": {"vr": "??"}}, {}]).encode())
    async with answering(found_page, page()) as served:
        why, other = await found(served)
    assert "(0020,000D)" in why
    assert other == ""


async def test_warnings_are_told_once() -> None:
    fuzzy = '299 http://a/rs: "fuzzymatching is \\"not\\" supported"'
    warnings: list[str] = []
    pages = page("1", "2", warning=f"{MORE}, {fuzzy}"), page("3", warning=fuzzy)
    async with answering(*pages) as served:
        await found(served, warnings=warnings)
    assert len(warnings) == 1
    assert warnings[0].startswith("fuzzymatching is")


@pytest.mark.parametrize(
    ("said", "error", "why"),
    [
        (answer(b"<html>login</html>", "text/html"), Broken, "no DICOM JSON, but 'text/html'"),
        (answer(b"[]", ""), Broken, "no DICOM JSON, but ''"),
        (answer(b"[{]"), Broken, "no DICOM JSON: JSON: "),
        (answer(b"[" * 100_000), Broken, "nests deeper"),
        (answer(b"\xff"), Broken, "is not UTF-8"),
        (answer(b"[{}", length=9), Broken, "broke off"),
        (answer(b"[", length=1 << 40), Broken, "more than 33554432"),
        (answer(b'{"error": "why"}', "application/json", status=400), Refused, "it says: why"),
        (answer(b"<html>", "text/html", status=500), Refused, "HTTP 500"),
        (answer(b"", "", status=401), Refused, "PACSD_HTTP_TOKEN"),
        (b"", Broken, "no answer"),
    ],
)
async def test_w41_what_is_no_answer(said: Answer, error: type[WebError], why: str) -> None:
    async with answering(said) as served:
        with pytest.raises(error, match=why) as failed:
            await found(served)
    assert str(failed.value).isprintable()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\n\r\n"


@pytest.mark.parametrize(
    "said", [endless(HEAD, b" " * 65_536), endless(HEAD + b'["', b"x" * 9_000)]
)
async def test_w41_an_endless_answer(said: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MAX_PAGE_BYTES", 1_000_000)
    async with answering(said) as served:
        with pytest.raises(Broken, match="more than 1000000 bytes"):
            await found(served)


async def test_w41_an_answer_that_does_not_go_on() -> None:
    async with answering(then_silent(HEAD + b"[")) as served:
        with pytest.raises(Broken, match=r"(did not go on|no answer) within"):
            await found(served, patience_s=0.2)
