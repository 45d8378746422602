"""C-STORE as SCP, between the command and the archive."""

from dataclasses import replace

import anyio
import pytest

from pacsd.api.access import Door, Login, Principal
from pacsd.archive.ingest import Ingest
from pacsd.dicom.status import Status
from pacsd.dimse.commands import MAX_ERROR_COMMENT_LENGTH, CStoreRQ, fit_error_comment
from pacsd.net.permissions import Known, Logins, StayingLogin
from pacsd.net.storage import Caller, DataSetSink, DimseAnswer, RefusedSink, begin_store
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from pacsd.ul.negotiation import PresentationContext

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
CONTEXT = PresentationContext(1, CT, "1.2.840.10008.1.2.1")
CALLER = Caller("CT1", "PACSD", "192.0.2.1")
OBJECT = data_set({"SOPInstanceUID": ""}, pixel_bytes=100)


def request(uid: str = "1.2.3", sop_class: str = CT) -> CStoreRQ:
    return CStoreRQ(
        message_id=1,
        affected_sop_class_uid=sop_class,
        affected_sop_instance_uid=uid,
        has_data_set=True,
    )


def begun(ingest: Ingest, asked: CStoreRQ) -> DataSetSink:
    return begin_store(ingest, CONTEXT, asked, CALLER, 0, lambda: None)


async def stored(asked: CStoreRQ, *fragments: bytes) -> tuple[DimseAnswer, MemoryStore]:
    kept = MemoryStore()
    ingest = Ingest(kept, MemoryRegister(), now_us=lambda: 0)
    async with anyio.create_task_group() as tasks:
        started = anyio.Event()
        tasks.start_soon(ingest.run, started.set)
        await started.wait()
        store = begun(ingest, asked)
        for fragment in fragments:
            store.write(fragment)
        answer = await store.finish()
        tasks.cancel_scope.cancel()
    return answer, kept


async def test_a_data_set_is_stored_as_it_came() -> None:
    answer, kept = await stored(request(), OBJECT[:9], b"", OBJECT[9:])
    assert answer == DimseAnswer(Status.SUCCESS)
    (blob,) = kept.objects.values()
    assert blob.endswith(OBJECT)


async def test_d28_another_object_than_announced() -> None:
    answer, kept = await stored(request(), data_set({"SOPInstanceUID": "1.2.999"}))
    assert (answer.status, answer.offending) == (Status.DATA_SET_MISMATCH, (0x00080018,))
    assert not kept.objects


async def test_d27_a_class_that_is_not_the_contexts() -> None:
    answer, kept = await stored(request(sop_class=MR), b"abc")
    assert answer.status == Status.SOP_CLASS_NOT_SUPPORTED
    assert 0 < len(answer.comment) <= MAX_ERROR_COMMENT_LENGTH
    assert not kept.objects


@pytest.mark.parametrize("uid", ["", "../../x", "/abs", "..", "1" * 65, "1.2\0", "1.2.x"])
async def test_d29_what_is_no_uid_is_refused(uid: str) -> None:
    answer, kept = await stored(request(uid), b"abc")
    assert answer.status == Status.INVALID_SOP_INSTANCE
    assert len(fit_error_comment(answer.comment)) <= MAX_ERROR_COMMENT_LENGTH
    assert not kept.objects


async def test_d29_leading_zeros_are_stored() -> None:
    answer, _ = await stored(request("1.02.003"), OBJECT)
    assert answer.status == Status.SUCCESS


async def test_giving_up_leaves_nothing() -> None:
    kept = MemoryStore()
    store = begun(Ingest(kept, MemoryRegister(), now_us=lambda: 0), request())
    store.write(b"abc")
    await store.abort("the connection is gone")
    assert not kept.objects
    assert not kept.staged


async def test_while_ingest_takes_nothing_the_answer_is_a700() -> None:
    store = begun(Ingest(MemoryStore(), MemoryRegister(), now_us=lambda: 0), request())
    store.write(b"abc")
    assert (await store.finish()).status == Status.OUT_OF_RESOURCES


async def test_an_operation_refused_beforehand_reads_its_data_set_and_keeps_none() -> None:
    store = RefusedSink(DimseAnswer(Status.UNRECOGNIZED_OPERATION))
    store.write(b"abc")
    assert not store.is_congested
    assert (await store.finish()).status == Status.UNRECOGNIZED_OPERATION
    await store.abort("nothing to give up")


async def test_nobody_vouches_for_an_ae_title() -> None:
    assert await CALLER.principal() == Principal("CT1", is_authenticated=False)
    assert CALLER.actor == "CT1"
    logins, login = Logins(lambda: None, lambda: 0.0), Login(Door.DIMSE, "", "bearer", "x")
    known = Known(Principal("CT1"), 30.0)
    logged_in = replace(CALLER, login=StayingLogin(logins, login, known))
    assert await logged_in.principal() == Principal("CT1") != await CALLER.principal()
    assert logged_in.actor == "CT1 CT1"
