"""Each resource for who sees it and who does not: to those it is just not there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pacsd.api.access import Login, NotRecognized, Principal, Restriction, SightRequest
from pacsd.archive.sight import EVERYTHING, Sight, sight_of
from pacsd.net.permissions import Logins, Sights
from pacsd.net.web.desk import Terms
from pacsd.net.web.guard import Guard
from pacsd.testing.objects import data_set
from tests.net.web.conftest import in_one_task
from tests.net.web.serving import STUDY, UID, Answer, Served, image, path, serving

NOT_THERE = "9.8.7"
"""As long as the other, so that nothing but the UID differs."""

JSON, ZIP = "application/dicom+json", "application/zip"
DICOM_XML = 'multipart/related; type="application/dicom+xml"'
GET = (
    (f"/studies/{STUDY}", None),
    (f"/studies/{STUDY}", ZIP),
    (f"/studies/{STUDY}/series/1.2.3.1", None),
    (path(), None),
    (path(), "application/dicom"),
    (f"/studies/{STUDY}/metadata", JSON),
    (f"/studies/{STUDY}/metadata", DICOM_XML),
    (f"/studies/{STUDY}/series/1.2.3.1/metadata", JSON),
    (path(below="/metadata"), JSON),
    (path(below="/frames/1"), None),
    (path(below="/bulkdata/7FE00010"), None),
    (path(below="/bulkdata/00100010"), None),
)
SEARCHES = (
    "/studies",
    f"/studies?StudyInstanceUID={STUDY}",
    "/studies?includefield=00201206",
    "/series",
    "/instances",
    f"/studies/{STUDY}/series",
    f"/studies/{STUDY}/instances",
    f"/studies/{STUDY}/series/1.2.3.1/instances",
)


async def authenticate(login: Login) -> Principal | NotRecognized | None:
    return Principal(login.secret)


async def restrict(request: SightRequest) -> Sight | None:
    sights = {
        "all": EVERYTHING,
        "none": sight_of([Restriction({"PatientID": ()})]),
        "others": sight_of([Restriction({"PatientID": ("other*",)})]),
        "own": sight_of([Restriction({"PatientID": ("*",), "Modality": ("CT",)})]),
    }
    return sights.get(request.principal.name)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    sights = Sights(lambda: restrict, lambda: 0.0)
    terms = Terms(guard=Guard(Logins(lambda: authenticate, lambda: 0.0), sights=sights))
    async for archive in in_one_task(serving(tmp_path, terms, tells_totals=True)):
        await archive.add(image())
        yield archive


async def asked(
    served: Served, who: str, target: str, accept: str | None = None, *, method: str = "GET"
) -> Answer:
    headers = {"Authorization": f"Bearer {who}"}
    return await served.ask(method, target, accept, headers=headers)


def elsewhere(target: str) -> str:
    return target.replace(f"/studies/{STUDY}", f"/studies/{NOT_THERE}")


def told(answer: Answer) -> tuple[int, bytes, dict[str, str]]:
    """All that a client is told, but for the time and the UID it asked with itself."""
    headers = {name: value for name, value in answer.headers.items() if name != "Date"}
    return answer.status, answer.body.replace(NOT_THERE.encode(), STUDY.encode()), headers


@pytest.mark.parametrize(("target", "accept"), GET)
async def test_what_is_not_seen_is_not_there(
    served: Served, target: str, accept: str | None
) -> None:
    for who in ("all", "own"):
        assert (await asked(served, who, target, accept)).status == 200
    for who in ("none", "others"):
        answer = await asked(served, who, target, accept)
        assert answer.status == 404
        for anybody in (who, "all"):
            assert told(answer) == told(await asked(served, anybody, elsewhere(target), accept))
    assert (await asked(served, "all", target, accept)).status == 200


@pytest.mark.parametrize("target", SEARCHES)
async def test_what_is_not_seen_is_not_found(served: Served, target: str) -> None:
    for who, count in (("all", 1), ("own", 1), ("none", 0), ("others", 0)):
        answer = await asked(served, who, target)
        assert len(answer.json if answer.body else []) == count
        assert answer.headers.get("X-Total-Count", str(count)) == str(count)


async def test_a_tag_of_somebody_else_tells_nothing(served: Served) -> None:
    target = f"/studies/{STUDY}/metadata"
    tag = (await asked(served, "all", target, JSON)).headers["ETag"]
    for who, status in (("all", 304), ("own", 200), ("others", 404)):
        headers = {"Authorization": f"Bearer {who}", "If-None-Match": tag}
        assert (await served.ask("GET", target, JSON, headers=headers)).status == status


async def test_changes_of_what_is_not_seen_are_not_told(served: Served) -> None:
    for who, count in (("all", 1), ("own", 1), ("none", 0), ("others", 0)):
        page = (await asked(served, who, "/changes?since=0")).json
        assert len(page["changes"]) == count
        assert page["last"] > 0
    events = await asked(served, "others", "/changes?since=0", "text/event-stream", method="HEAD")
    assert events.status == 200


@pytest.mark.parametrize(
    "target", [f"/studies/{STUDY}", f"/studies/{STUDY}/series/1.2.3.1", path()]
)
async def test_what_is_not_seen_is_not_deleted(served: Served, target: str) -> None:
    for who in ("none", "others"):
        answer = await asked(served, who, target, method="DELETE")
        missing = await asked(served, who, elsewhere(target), method="DELETE")
        assert told(answer) == told(missing)
        assert answer.status == 404
    assert not served.made.deleted
    assert (await asked(served, "own", target, method="DELETE")).status == 200


async def test_what_is_partly_seen_is_not_deleted(served: Served) -> None:
    uids = {"SOPInstanceUID": "1.2.3.9", "SeriesInstanceUID": "1.2.3.2"}
    await served.add(data_set({**uids, "StudyInstanceUID": STUDY, "Modality": "MR"}), "1.2.3.9")
    assert len((await asked(served, "all", f"/studies/{STUDY}/series")).json) == 2
    assert len((await asked(served, "own", f"/studies/{STUDY}/series")).json) == 1
    answer = await asked(served, "own", f"/studies/{STUDY}", method="DELETE")
    assert answer.status == 404
    assert not served.made.deleted


@pytest.mark.parametrize("target", [GET[0][0], "/studies", "/changes?since=0", path()])
async def test_where_nobody_can_tell_nothing_is_told(served: Served, target: str) -> None:
    answer = await asked(served, "a stranger", target)
    assert answer.status == 403
    assert UID not in answer.body.decode()
