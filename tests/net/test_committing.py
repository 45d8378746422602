"""N-ACTION and N-EVENT-REPORT of storage commitment, over sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pacsd.api.access import AccessRequest, Action
from pacsd.api.vote import Deny
from pacsd.archive.commitments import Taken
from pacsd.archive.finding import IndexUnavailable
from pacsd.dicom.commitment import (
    COMMITMENT_INSTANCE,
    MAX_INFORMATION_BYTES,
    CommitmentRequest,
    Reference,
    write_request,
)
from pacsd.dimse.commands import NActionRSP, NEventReportRSP, Response
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination
from pacsd.ul.items import RoleSelection
from tests.net.committing_peer import (
    AS_SCP,
    CT,
    EXPLICIT,
    REQUEST,
    RESULT,
    Desk,
    action,
    calling,
    event,
)
from tests.net.harness import Served, Setup, serving


@asynccontextmanager
async def caller(
    desk: Desk, *known: str, roles: tuple[RoleSelection, ...] = (), **others: object
) -> AsyncIterator[tuple[Served, RequestedAssociation]]:
    setup = Setup(committing=desk.committing(*known), **others)  # type: ignore[arg-type]
    async with serving(setup) as served:
        association = await calling(Destination(served.endpoint, "PACSD", "CT1"), roles)
        yield served, association
        await association.release()


async def test_a_wish_is_taken_before_it_is_answered() -> None:
    desk = Desk()
    async with caller(desk) as (_, association):
        response = await action(association)
        assert isinstance(response, NActionRSP)
        assert (response.status, response.action_type_id) == (0, 1)
        assert response.affected_sop_instance_uid == COMMITMENT_INSTANCE
        (asked,) = desk.asked
        assert (asked.peer_ae, asked.own_ae, asked.request) == ("CT1", "PACSD", REQUEST)
        assert desk.lines.find("CT1", "1.9") is not None
    assert desk.lines.find("CT1", "1.9") is None


@pytest.mark.parametrize(
    ("taken", "status", "is_noted"),
    [(Taken.DUPLICATE, 0x0131, True), (Taken.FULL, 0x0213, False)],
)
async def test_d47_what_is_not_taken_is_said(taken: Taken, status: int, *, is_noted: bool) -> None:
    desk = Desk(taken)
    async with caller(desk) as (_, association):
        response = await action(association)
        assert response.status == status
        assert (desk.lines.find("CT1", "1.9") is not None) is is_noted


async def test_without_the_index_nothing_is_promised() -> None:
    desk = Desk(error=IndexUnavailable("no space left"))
    async with caller(desk, "CT1") as (_, association):
        assert (await action(association)).status == 0x0110
        assert desk.lines.find("CT1", "1.9") is None
        assert (await event(association)).status == 0x0110


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"sop_class": CT}, 0x0118),
        ({"instance": "1.2.3"}, 0x0112),
        ({"action_type": 2}, 0x0123),
        ({"data_set": b""}, 0x0115),
        ({"data_set": b"\x08\0"}, 0x0115),
        ({"data_set": write_request(CommitmentRequest("1.9", ()), EXPLICIT)}, 0x0115),
    ],
)
async def test_what_asks_for_nothing_is_refused(changes: dict[str, object], status: int) -> None:
    desk = Desk()
    async with caller(desk) as (_, association):
        response = await action(association, **changes)  # type: ignore[arg-type]
        assert response.status == status
        assert (await action(association)).status == 0
    assert len(desk.asked) == 1


async def test_d47_more_than_fits_is_read_and_refused() -> None:
    desk = Desk()
    async with caller(desk) as (_, association):
        response = await action(association, bytes(MAX_INFORMATION_BYTES + 2))
        assert response.status == 0x0213
        assert "4194304 bytes" in response.error_comment
    assert desk.asked == []


async def test_a_long_list_is_read_beside_the_loop() -> None:
    desk, many = Desk(), tuple(Reference(CT, f"1.2.{number}") for number in range(1_000))
    async with caller(desk) as (_, association):
        wish = CommitmentRequest("1.9", many)
        assert (await action(association, write_request(wish, EXPLICIT))).status == 0
    assert desk.asked[0].request == wish


async def test_who_may_not_store_may_not_ask() -> None:
    wanted: list[Action] = []

    async def nobody(request: AccessRequest) -> Deny:
        wanted.append(request.action)
        return Deny("not here")

    desk = Desk()
    async with caller(desk, authorize=nobody) as (_, association):
        assert (await action(association)).status == 0x0124
    assert (desk.asked, wanted) == ([], [Action.STORE])


async def test_without_the_service_it_is_no_operation_of_ours() -> None:
    async with serving() as served:
        association = await calling(Destination(served.endpoint, "PACSD", "CT1"))
        for response in [await action(association), await event(association)]:
            assert response.status == 0x0211
        await association.release()


@pytest.mark.parametrize("roles", [AS_SCP, ()], ids=["role agreed", "no role proposed"])
async def test_a_result_is_heard(roles: tuple[RoleSelection, ...]) -> None:
    desk = Desk()
    async with caller(desk, "CT1", roles=roles) as (_, association):
        response = await event(association)
        assert isinstance(response, NEventReportRSP)
        assert (response.status, response.event_type_id) == (0, 2)
    assert desk.results == [("CT1", RESULT)]


async def test_a_result_of_no_transaction_of_ours_is_refused() -> None:
    async with caller(Desk(transactions=()), "CT1", roles=AS_SCP) as (_, association):
        response = await event(association)
    assert (response.status, response.error_comment) == (0x0115, "Transaction UID is none of ours")


async def test_strangers_tell_us_nothing() -> None:
    desk = Desk()
    async with caller(desk, "ANOTHER", roles=AS_SCP) as (_, association):
        assert (await event(association)).status == 0x0124
    assert desk.results == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"sop_class": CT}, 0x0118),
        ({"instance": "1.2.3"}, 0x0112),
        ({"event_type": 3}, 0x0113),
        ({"data_set": b""}, 0x0115),
        ({"data_set": b"\x08\0"}, 0x0115),
    ],
)
async def test_what_tells_nothing_is_refused(changes: dict[str, object], status: int) -> None:
    desk = Desk()
    async with caller(desk, "CT1", roles=AS_SCP) as (_, association):
        said: Response = await event(association, **changes)  # type: ignore[arg-type]
        assert said.status == status
    assert desk.results == []


async def test_half_a_wish_leaves_nothing() -> None:
    desk = Desk()
    async with caller(desk) as (served, association):
        request = association.session
        assert request.is_established
        association.abort()
        await served.is_unharmed()
    assert desk.asked == []
