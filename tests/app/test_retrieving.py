from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pacsd.app.file_receiving import Received
from pacsd.app.retrieving import Call, Ended, find_classes, get_into, move_to
from pacsd.app.wanted import read_wanted
from pacsd.dimse.commands import CGetRQ, Request
from pacsd.net.endpoint import Endpoint
from pacsd.net.errors import ConnectionLost, NotConnected
from pacsd.net.query_retrieve_scu import Progress
from pacsd.net.scu import Destination, Timeouts
from pacsd.testing import objects
from tests.dicom.by_pydicom import encoded, keys
from tests.dicom.written import EXPLICIT
from tests.net.answering_peer import (
    PENDING,
    SUCCESS,
    AnsweringConnection,
    AnsweringPeer,
    answering_peer,
)

STUDY = read_wanted(["StudyInstanceUID=1.2.3"])
FAILED = encoded(keys(FailedSOPInstanceUIDList=["1.2.4", "1.2.5"]), EXPLICIT)
OBJECT = objects.data_set(pixel_bytes=100)


def progress(
    status: int, failed: int | None = None, data_set: bytes = b"", completed: int | None = 1
) -> Progress:
    return Progress(status, None, completed, failed, None, failed=data_set)


@pytest.mark.parametrize(
    ("final", "is_success"),
    [
        (progress(0), True),
        (progress(0, 0), True),
        (progress(0, 1), False),
        (progress(0xB000, 1), False),
        (progress(0xB000, 0), True),
        (progress(0xB000), False),
        (progress(0xFE00, 0), False),
        (progress(0xA702, 0), False),
    ],
)
def test_success_is_that_nothing_failed(final: Progress, is_success: bool) -> None:
    assert Ended.of(final, EXPLICIT).is_success is is_success


def test_what_failed_is_read_from_the_final_response() -> None:
    assert Ended.of(progress(0xB000, 2, FAILED), EXPLICIT).failed_uids == ("1.2.4", "1.2.5")
    assert Ended.of(progress(0xB000, 2, b"\xff" * 9), EXPLICIT).failed_uids == ()


@asynccontextmanager
async def calling(peer: AnsweringPeer) -> AsyncIterator[Call]:
    async with answering_peer(peer) as destination:
        yield Call(destination, Timeouts())


async def test_a_move_is_followed_to_its_end() -> None:
    def perform(connection: AnsweringConnection, request: Request, _: bytes) -> None:
        connection.respond(request, PENDING, remaining=1, completed=1, failed=0, warning=0)
        connection.respond(request, 0xB000, FAILED, completed=1, failed=2, warning=0)

    told: list[Progress] = []
    async with calling(AnsweringPeer(perform)) as call:
        ended = await move_to(call, STUDY, "THIRD", told.append)
    assert [each.remaining_count for each in told] == [1, None]
    assert ended.failed_uids == ("1.2.4", "1.2.5")
    assert not ended.is_success


async def test_a_failure_is_an_end_as_well() -> None:
    def perform(connection: AnsweringConnection, request: Request, _: bytes) -> None:
        connection.respond(request, 0xA702, FAILED, completed=0, failed=2, warning=0)

    told: list[Progress] = []
    async with calling(AnsweringPeer(perform)) as call:
        ended = await move_to(call, STUDY, "THIRD", told.append)
    assert (ended.final.status, ended.final.failed_count) == (0xA702, 2)
    assert ended.failed_uids == ("1.2.4", "1.2.5")
    assert told == [ended.final]


class Storing:
    """Answers no C-FIND; sends one object, and half of another if it is to lose the connection."""

    def __init__(self, *, is_lost: bool = False) -> None:
        self.is_lost = is_lost

    def peer(self) -> AnsweringPeer:
        return AnsweringPeer(self.perform, responded=self.responded)

    def perform(self, connection: AnsweringConnection, request: Request, _: bytes) -> None:
        if not isinstance(request, CGetRQ):
            connection.respond(request, 0xA700)
            return
        self.request = request
        connection.store("1.2.3.1", OBJECT)

    def responded(self, connection: AnsweringConnection, _: object) -> None:
        if self.is_lost:
            connection.begin_store("1.2.3.2", OBJECT[:50])
            connection.close()
        else:
            connection.respond(self.request, SUCCESS, completed=1, failed=0, warning=0)


def files(folder: Path) -> list[str]:
    return [each.name for each in folder.rglob("*") if each.is_file()]


async def test_a_get_writes_files(tmp_path: Path) -> None:
    received = Received()
    async with calling(Storing().peer()) as call:
        ended = await get_into(tmp_path, call, STUDY, lambda _: None, print, received)
    assert ended.is_success
    assert received.files == 1
    assert files(tmp_path) == ["1.2.3.1.dcm"]


async def test_a_lost_connection_leaves_whole_files_only(tmp_path: Path) -> None:
    received = Received()
    async with calling(Storing(is_lost=True).peer()) as call:
        with pytest.raises(ConnectionLost):
            await get_into(tmp_path, call, STUDY, lambda _: None, print, received)
    assert files(tmp_path) == ["1.2.3.1.dcm"]


async def test_nobody_there() -> None:
    call = Call(Destination(Endpoint("127.0.0.1", 1), "X", "Y"), Timeouts())
    with pytest.raises(NotConnected):
        await find_classes(call, STUDY)
