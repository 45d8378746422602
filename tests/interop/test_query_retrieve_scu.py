"""C-FIND, C-MOVE and C-GET of pynetdicom: as it answers, cancels and stores."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from io import BytesIO
from typing import Any

import anyio
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.dsutils import decode, encode

from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.net.endpoint import Endpoint
from pacsd.net.errors import OperationFailed
from pacsd.net.query_retrieve_scu import Progress, QueryModel, find, get, move, propose_get
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination, open_association, propose
from pacsd.net.storage import DimseAnswer
from pacsd.net.store_contexts import StoredAs
from pacsd.net.sub_operations import StorePort
from tests.interop import peers
from tests.interop.objects import ct_small
from tests.net.receiving import Received

# pynetdicom polls: it may take long on a busy machine.
pytestmark = pytest.mark.timeout(180)

ROOT = QueryModel.STUDY_ROOT
CT = "1.2.840.10008.5.1.4.1.1.2"


def identifier(**keys: str) -> bytes:
    ds = Dataset()
    ds.QueryRetrieveLevel = "STUDY"
    for keyword, value in keys.items():
        setattr(ds, keyword, value)
    encoded: bytes = encode(ds, is_implicit_vr=False, is_little_endian=True)
    return encoded


def read(encoded: bytes) -> Dataset:
    return decode(BytesIO(encoded), is_implicit_vr=False, is_little_endian=True)


def study(uid: str) -> Dataset:
    ds = Dataset()
    ds.QueryRetrieveLevel = "STUDY"
    ds.StudyInstanceUID = uid
    return ds


@contextmanager
def serving(*handlers: tuple[Any, Any]) -> Iterator[Destination]:
    """pynetdicom as SCP of all that is asked here."""
    ae = AE(ae_title="PYNETDICOM")
    for uid in (ROOT.find, ROOT.move, ROOT.get):
        ae.add_supported_context(uid, [ExplicitVRLittleEndian])
    ae.add_requested_context(CT, [ExplicitVRLittleEndian])
    ae.add_supported_context(CT, [ExplicitVRLittleEndian], scu_role=True, scp_role=True)
    server = ae.start_server((peers.LOOPBACK, 0), block=False, evt_handlers=[*handlers])
    try:
        port = server.server_address[1]
        yield Destination(Endpoint(peers.LOOPBACK, port), "PYNETDICOM", "PACSD")
    finally:
        server.shutdown()


@asynccontextmanager
async def asking(
    destination: Destination, store: StorePort | None = None, **extended: bytes
) -> AsyncIterator[RequestedAssociation]:
    storage = propose_get(ROOT, [StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN)])
    contexts = storage if store else propose([ROOT.find, ROOT.move])
    asked = {getattr(ROOT, name): flags for name, flags in extended.items()}
    association = await open_association(destination, contexts, store=store, extended=asked)
    try:
        yield association
        await association.release()
    finally:
        association.abort()


async def test_it_finds() -> None:
    asked: list[Dataset] = []

    def answer(event: evt.Event) -> Iterator[Any]:
        asked.append(event.identifier)
        for number in range(200):
            yield 0xFF00, study(f"1.2.{number}")

    with serving((evt.EVT_C_FIND, answer)) as destination:
        async with asking(destination) as association:
            keys = identifier(StudyInstanceUID="", PatientName="DOE*")
            async with aclosing(find(association, ROOT, keys)) as matches:
                uids = [read(match).StudyInstanceUID async for match in matches]
    assert uids == [f"1.2.{number}" for number in range(200)]
    assert asked[0].PatientName == "DOE*"


async def test_it_tells_why_it_does_not_find() -> None:
    def refuse(_: evt.Event) -> Iterator[Any]:
        status = Dataset()
        status.Status = 0xA900
        status.ErrorComment = "no such level"
        yield status, None

    with serving((evt.EVT_C_FIND, refuse)) as destination:
        async with asking(destination) as association:
            with pytest.raises(OperationFailed, match=r"A900 .*: no such level"):
                await anext(find(association, ROOT, identifier()))


async def test_it_ends_when_it_is_cancelled() -> None:
    is_cancelled: list[bool] = []

    def go_on(event: evt.Event) -> Iterator[Any]:
        while not event.is_cancelled:
            yield 0xFF00, study("1.2")
        is_cancelled.append(True)
        yield 0xFE00, None

    with serving((evt.EVT_C_FIND, go_on)) as destination:
        async with asking(destination) as association:
            async with aclosing(find(association, ROOT, identifier())) as matches:
                await anext(matches)
            await association.release()
    assert is_cancelled == [True]


async def test_extended_negotiation() -> None:
    seen: list[dict[str, bytes]] = []

    def answer(event: evt.Event) -> dict[str, bytes]:
        seen.append(event.app_info)
        return {ROOT.find: b"\1\0\1"}

    with serving((evt.EVT_SOP_EXTENDED, answer)) as destination:
        async with asking(destination, find=b"\1\1\1\1", move=b"\1") as association:
            agreed = association.session.negotiated
            assert agreed is not None
            assert agreed.extended == {ROOT.find: b"\1\0\1"}
    assert seen == [{ROOT.find: b"\1\1\1\1", ROOT.move: b"\1"}]


async def all_of(progress: AsyncIterator[Progress]) -> list[Progress]:
    return [each async for each in progress]


async def test_it_moves() -> None:
    stored: list[tuple[str, int]] = []

    def store(event: evt.Event) -> int:
        request = event.request
        stored.append((request.AffectedSOPInstanceUID, request.MoveOriginatorMessageID))
        return 0

    image = dcmread(ct_small().path)
    with serving((evt.EVT_C_STORE, store)) as elsewhere:

        def answer(_: evt.Event) -> Iterator[Any]:
            yield elsewhere.endpoint.host, elsewhere.endpoint.port
            yield 2
            yield 0xFF00, image
            yield 0xFF00, image

        with serving((evt.EVT_C_MOVE, answer)) as destination:
            async with asking(destination) as association:
                keys = identifier(StudyInstanceUID="1.2")
                told = await all_of(move(association, ROOT, keys, "ELSEWHERE"))
    assert stored == [(image.SOPInstanceUID, 1)] * 2
    assert [(each.remaining_count, each.completed_count) for each in told[:2]] == [(1, 1), (0, 2)]
    assert (told[-1].status, told[-1].completed_count, told[-1].failed) == (0, 2, b"")


async def test_it_does_not_move_to_nobody() -> None:
    def answer(_: evt.Event) -> Iterator[Any]:
        yield None, None

    with serving((evt.EVT_C_MOVE, answer)) as destination:
        async with asking(destination) as association:
            with pytest.raises(OperationFailed, match="A801 Move destination unknown"):
                await all_of(move(association, ROOT, identifier(), "NOBODY"))


async def got(received: Received) -> list[Progress]:
    """What is told of a C-GET of one image."""

    def answer(_: evt.Event) -> Iterator[Any]:
        yield 1
        yield 0xFF00, dcmread(ct_small().path)

    told: list[Progress] = []
    with serving((evt.EVT_C_GET, answer)) as destination:
        async with (
            anyio.create_task_group() as tasks,
            asking(destination, received.port(tasks)) as association,
        ):
            told += await all_of(get(association, ROOT, identifier(StudyInstanceUID="1.2")))
    return told


async def test_it_gets() -> None:
    received = Received()
    told = await got(received)
    (data_set,) = received.objects.values()
    assert read(data_set) == dcmread(ct_small().path)
    assert (told[-1].status, told[-1].completed_count) == (0, 1)


async def test_it_tells_what_we_did_not_take() -> None:
    with pytest.raises(ExceptionGroup) as group:
        await got(Received(DimseAnswer(0xA700)))
    (failed,) = group.value.exceptions
    assert isinstance(failed, OperationFailed)
    assert failed.status == 0xA702
    missing = read(failed.data_set).FailedSOPInstanceUIDList
    assert missing == dcmread(ct_small().path).SOPInstanceUID
