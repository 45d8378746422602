"""DELETE: what is asked of the archive, and how it is answered.

With the real one it is tested in tests/interop/test_delete.py.
"""

from pathlib import Path

import pytest

from pacsd.api.access import Login, Principal
from pacsd.api.errors import StoreError, StoreFault
from pacsd.archive.finding import IndexUnavailable
from pacsd.archive.removal import NoSuchEntity, NotRemovable, RemovalDenied
from pacsd.net.permissions import Logins
from pacsd.net.web.desk import Terms
from pacsd.net.web.guard import Guard
from tests.net.web.serving import SERIES, STUDY, UID, Made, Served, path, serving


@pytest.mark.parametrize(
    ("target", "uids"),
    [
        (f"/studies/{STUDY}", (STUDY, "", "")),
        (f"/studies/{STUDY}/series/{SERIES}", (STUDY, SERIES, "")),
        (path(), (STUDY, SERIES, UID)),
    ],
)
async def test_it_is_deleted_with_a_reason_and_by_whom(
    served: Served, target: str, uids: tuple[str, ...]
) -> None:
    answer = await served.ask("DELETE", f"{target}?reason=wrong%20patient")
    assert (answer.status, answer.json) == (200, {"deleted_instances": 3})
    assert served.made.deleted == [(*uids, "wrong patient", "dicomweb 127.0.0.1")]


async def test_without_a_reason_it_is_said_how_it_came(served: Served) -> None:
    await served.ask("DELETE", f"/studies/{STUDY}")
    assert served.made.deleted[0][3] == "deleted over DICOMweb"


async def test_what_the_client_takes_is_no_reason(served: Served) -> None:
    answer = await served.ask("DELETE", f"/studies/{STUDY}?accept=application/json&reason=why")
    assert answer.status == 200
    assert served.made.deleted[0][3] == "why"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("raeson=why", "parameter: 'raeson' is none of reason, accept"),
        ("reason=why&SeriesInstanceUID=1.2", "parameter: 'SeriesInstanceUID' is none of"),
        ("reason=why&reason=or%20not", "reason: 'or not' is a second value"),
        ("reason=%FF", "is not UTF-8"),
        ("&".join(["accept=a/b"] * 500), "more than 256 parameters"),
    ],
    ids=lambda each: each[:20],
)
async def test_w16_with_other_parameters_nothing_is_deleted(
    served: Served, query: str, why: str
) -> None:
    answer = await served.ask("DELETE", f"/studies/{STUDY}?{query}")
    assert answer.status == 400
    assert why in answer.why
    assert served.made.deleted == []


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (NoSuchEntity("there is no study"), 404),
        (NotRemovable("reason: too long"), 400),
        (RemovalDenied("study 1.2 is not deleted: legal hold"), 403),
        (StoreError(StoreFault.READ_ONLY, "a test"), 503),
        (IndexUnavailable("stopping"), 503),
    ],
)
async def test_what_is_not_deleted(tmp_path: Path, failure: Exception, status: int) -> None:
    async with serving(tmp_path, made=Made(failure=failure)) as served:
        answer = await served.ask("DELETE", f"/studies/{STUDY}")
        assert answer.status == status
        assert answer.why


async def test_w19_who_may_not_delete(tmp_path: Path) -> None:
    async with serving(tmp_path, made=Made(is_open=False)) as served:
        answer = await served.ask("DELETE", f"/studies/{STUDY}")
        assert (answer.status, served.made.deleted) == (403, [])


@pytest.mark.parametrize(
    ("principal", "status"),
    [
        (Principal("doe"), 200),
        (Principal("guest", is_authenticated=False), 403),
        (Principal(""), 403),
    ],
)
async def test_w19_beyond_loopback_who_has_logged_in_may_delete(
    tmp_path: Path, principal: Principal, status: int
) -> None:
    async def authenticate(_: Login) -> Principal:
        return principal

    terms = Terms(guard=Guard(Logins(lambda: authenticate, lambda: 0.0)))
    async with serving(tmp_path, terms, made=Made(is_open=False)) as served:
        target, doe = f"/studies/{STUDY}", {"Authorization": "Bearer doe"}
        assert (await served.ask("DELETE", target)).status == 401
        assert (await served.ask("DELETE", target, headers=doe)).status == status
        deleted = [(STUDY, "", "", "deleted over DICOMweb", "dicomweb doe")]
        assert served.made.deleted == (deleted if status == 200 else [])


@pytest.mark.parametrize(
    "target", ["/studies", "/series", "/instances", f"/studies/{STUDY}/series"]
)
async def test_w19_nothing_is_deleted_without_being_named(served: Served, target: str) -> None:
    assert (await served.ask("DELETE", target)).status == 405
    assert served.made.deleted == []
