"""Operations that we invoke over an association we accepted: the sub-operations of a C-GET."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.dimse.commands import CStoreRQ, Priority, response_to
from pacsd.net import errors
from pacsd.net.query_retrieve_scu import QueryModel, propose_get
from pacsd.net.recorder import Outcome
from pacsd.net.scp import AcceptedAssociation
from pacsd.net.scu import Destination, open_association
from pacsd.net.sending import MoveOriginator, Outbound, send
from pacsd.net.settings import DimseSettings
from pacsd.net.store_contexts import StoredAs
from pacsd.ul import encode
from pacsd.ul.items import RoleSelection, UserInformation
from pacsd.ul.pdu import AssociateRQ
from tests.net.harness import (
    CONTEXTS,
    CT_IMAGE_STORAGE,
    DATA_SET,
    RELEASE_RP,
    RELEASE_RQ,
    STORE_CONTEXT,
    Caller,
    Served,
    Setup,
    abort_pdu,
    command,
    serving,
    until,
)
from tests.net.receiving import Received
from tests.net.storing_peer import instance

STORED = StoredAs(CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN)
AS_SCP = encode.encode_associate_rq(
    AssociateRQ(
        "PACSD",
        "VIEWER",
        CONTEXTS,
        UserInformation(
            max_length=16_384,
            implementation_class_uid="1.2.3",
            role_selections=(RoleSelection(CT_IMAGE_STORAGE, scu_role=False, scp_role=True),),
        ),
    )
)


def accepted(served: Served) -> AcceptedAssociation:
    """Our end of the one association."""
    (connection,) = served.listener._associated
    return connection


@asynccontextmanager
async def storing(served: Served, sent: Outbound) -> AsyncIterator[tuple[Caller, list[Exception]]]:
    """A caller that is SCP, to whom we send; what came of that."""
    raised: list[Exception] = []

    async def store() -> None:
        try:
            await send(accepted(served), sent)
        except (errors.AssociationError, OSError) as error:
            raised.append(error)

    async with served.associated(AS_SCP) as caller, anyio.create_task_group() as tasks:
        tasks.start_soon(store)
        yield caller, raised


async def test_objects_go_out_over_the_association_that_came_in() -> None:
    received = Received()
    async with serving() as served, anyio.create_task_group() as tasks:
        destination = Destination(served.endpoint, "PACSD", "VIEWER")
        contexts = propose_get(QueryModel.STUDY_ROOT, [STORED])
        association = await open_association(destination, contexts, store=received.port(tasks))
        for uid in ("1.2.1", "1.2.2"):
            sent = instance(uid, DATA_SET[:100], DATA_SET[100:])
            assert (await send(accepted(served), sent)).is_stored
        await association.release()
    assert received.objects == {"1.2.1": DATA_SET, "1.2.2": DATA_SET}


async def test_no_more_is_sent_than_the_peer_takes() -> None:
    received = Received()
    chunks = [bytes(1 << 20)] * 20
    async with serving() as served, anyio.create_task_group() as tasks:
        destination = Destination(served.endpoint, "PACSD", "VIEWER")
        contexts = propose_get(QueryModel.STUDY_ROOT, [STORED])
        association = await open_association(destination, contexts, store=received.port(tasks))
        association.is_congested(is_so=True)
        tasks.start_soon(send, accepted(served), instance("1.2.1", *chunks))
        await until(lambda: accepted(served).is_write_paused)
        association.is_congested(is_so=False)
        await until(lambda: bool(received.objects))
        await association.release()
    assert len(received.objects["1.2.1"]) == 20 << 20


async def test_d46_without_role_selection_nothing_can_be_sent() -> None:
    async with serving() as served, served.associated() as caller:
        with pytest.raises(errors.NotAccepted):
            await send(accepted(served), instance("1.2.1", DATA_SET))
        assert await caller.echo() == 0
        await caller.release()


async def test_the_trace_and_the_peer_see_the_request() -> None:
    sent = instance("1.2.1", DATA_SET)
    originator = MoveOriginator("VIEWER", 7)
    sent = Outbound(
        sent.sop_class_uid,
        sent.sop_instance_uid,
        sent.transfer_syntax_uid,
        sent.open,
        priority=Priority.HIGH,
        move_originator=originator,
    )
    async with (
        serving(Setup(trace=frozenset({"transcript"}))) as served,
        storing(served, sent) as (caller, raised),
    ):
        request = await caller.request()
        assert isinstance(request, CStoreRQ)
        assert (request.priority, request.move_originator_ae_title) == (Priority.HIGH, "VIEWER")
        assert request.move_originator_message_id == 7
        await caller.pdu()
        await caller.send(command(response_to(request, 0), STORE_CONTEXT))
        await caller.release()
    assert raised == []


async def test_d45_a_peer_that_is_gone_fails_the_sub_operation() -> None:
    async with serving() as served:
        async with storing(served, instance("1.2.1", DATA_SET)) as (caller, raised):
            await caller.request()
            caller.reset()
        assert isinstance(raised[0], errors.AssociationError)


async def test_a_release_instead_of_the_response_fails_it_and_is_answered() -> None:
    async with serving() as served:
        async with storing(served, instance("1.2.1", DATA_SET)) as (caller, raised):
            await caller.request()
            await caller.pdu()
            await caller.send(RELEASE_RQ)
            assert await caller.pdu() == RELEASE_RP
            caller.writer.close()
        assert "released" in str(raised[0])


async def test_an_abort_instead_of_the_response_fails_it() -> None:
    async with serving() as served:
        async with storing(served, instance("1.2.1", DATA_SET)) as (caller, raised):
            await caller.request()
            await caller.send(abort_pdu(0, 0))
        assert isinstance(raised[0], errors.Aborted)


async def test_a_response_that_does_not_come_is_not_waited_for_without_end() -> None:
    setup = Setup(dimse=DimseSettings(dimse_timeout_s=0.2))
    async with serving(setup) as served:
        async with storing(served, instance("1.2.1", DATA_SET)) as (caller, raised):
            await caller.request()
            await caller.pdu()
            assert await caller.pdu() == abort_pdu(0, 0)
        assert "no response within 0.2 s" in str(raised[0])


async def test_a_file_that_fails_in_the_middle_ends_the_association() -> None:
    sent = instance("1.2.1", DATA_SET, DATA_SET, error=OSError("disk"))
    async with serving() as served:
        async with storing(served, sent) as (caller, raised):
            await caller.request()
            await caller.pdu()
            assert await caller.pdu() == abort_pdu(0, 0)
            caller.writer.close()
        assert isinstance(raised[0], OSError)
        await until(lambda: not list(served.recorder.open_associations()))
        record = served.last_record()
        assert record.outcome is Outcome.ABORTED_BY_US
        assert "could not be sent to its end" in record.reason


async def test_who_waits_to_write_learns_of_the_end() -> None:
    async with serving() as served, served.associated() as caller:
        connection = accepted(served)
        await connection.until_writable()
        await caller.release()
        with pytest.raises(errors.AssociationError):
            await connection.until_writable()
