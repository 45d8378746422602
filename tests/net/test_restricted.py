"""C-FIND, C-MOVE and C-GET for who sees a study and who does not, with the real index."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from pacsd.api.access import Restriction, SightRequest
from pacsd.archive.finding import Finder, QueryLimits
from pacsd.archive.retrieval import Retriever
from pacsd.archive.sight import EVERYTHING, Sight, sight_of
from pacsd.archive.stored_headers import StoredHeaders
from pacsd.dicom.status import Status
from pacsd.net.errors import OperationFailed
from pacsd.net.query_retrieve_scu import QueryModel, find, get, move, propose_get
from pacsd.net.scu import Destination, open_association, propose
from pacsd.net.store_contexts import StoredAs
from pacsd.testing.objects import CT_IMAGE_STORAGE
from tests.archive.small_archive import EXPLICIT as EXPLICIT_UID
from tests.archive.small_archive import SmallArchive, small_archive
from tests.dicom.by_pydicom import encoded, keys
from tests.dicom.written import EXPLICIT
from tests.net.harness import Served, Setup, serving
from tests.net.receiving import Received
from tests.net.storing_peer import StoringPeer, storing
from tests.net.test_retrieving import peer_of, told

MODEL = QueryModel.STUDY_ROOT
STUDY = encoded(keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2"), EXPLICIT)
LIMITS = QueryLimits(budget_s=30.0)
SIGHTS = {
    "ALL": EVERYTHING,
    "OWN": sight_of([Restriction({"PatientID": ("P*",)})]),
    "OTHERS": sight_of([Restriction({"PatientID": ("Q*",)})]),
}
COUNTS = [("ALL", 1), ("OWN", 1), ("OTHERS", 0)]


async def restrict(request: SightRequest) -> Sight | None:
    return SIGHTS.get(request.principal.name)


def setup_of(archive: SmallArchive) -> Setup:
    return Setup(
        finder=Finder(archive.index, StoredHeaders(archive.store, archive.index), LIMITS),
        retriever=Retriever(archive.store, archive.index, LIMITS),
        restrict=restrict,
    )


@asynccontextmanager
async def filled(folder: Path) -> AsyncIterator[Setup]:
    async with small_archive(folder) as archive:
        await archive.put("1.2.3", attributes={"StudyInstanceUID": "1.2", "PatientID": "P1"})
        yield setup_of(archive)


def destination(served: Served, who: str) -> Destination:
    return Destination(served.endpoint, "PACSD", who)


async def found_by(served: Served, who: str) -> int:
    association = await open_association(destination(served, who), propose((MODEL.find,)))
    try:
        return len([each async for each in find(association, MODEL, STUDY)])
    finally:
        association.abort()


@pytest.mark.parametrize(("who", "count"), COUNTS)
async def test_c_find(tmp_path: Path, who: str, count: int) -> None:
    async with filled(tmp_path) as setup, serving(setup) as served:
        assert await found_by(served, who) == count


@pytest.mark.parametrize(("who", "count"), COUNTS)
async def test_c_move(tmp_path: Path, who: str, count: int) -> None:
    async with (
        filled(tmp_path) as setup,
        storing(StoringPeer()) as peer,
        serving(replace(setup, peers=(peer_of(peer),))) as served,
    ):
        association = await open_association(destination(served, who), propose((MODEL.move,)))
        *_, last = await told(move(association, MODEL, STUDY, "PEER"))
        association.abort()
    assert (last.completed_count, last.failed_count) == (count, 0)


@pytest.mark.parametrize(("who", "count"), COUNTS)
async def test_c_get(tmp_path: Path, who: str, count: int) -> None:
    received = Received()
    async with (
        filled(tmp_path) as setup,
        anyio.create_task_group() as tasks,
        serving(setup) as served,
    ):
        association = await open_association(
            destination(served, who),
            propose_get(MODEL, [StoredAs(CT_IMAGE_STORAGE, EXPLICIT_UID)]),
            store=received.port(tasks),
        )
        *_, last = await told(get(association, MODEL, STUDY))
        await association.release()
    assert (last.completed_count, last.failed_count) == (count, 0)


async def test_who_cannot_be_told_about_is_not_allowed(tmp_path: Path) -> None:
    async with filled(tmp_path) as setup, serving(setup) as served:
        with pytest.raises(OperationFailed) as refused:
            await found_by(served, "STRANGER")
        assert refused.value.status == Status.NOT_AUTHORIZED
