"""STOW-RS: instances in the parts of a payload, each through ingest (PS3.18 section 10.5)."""

from collections.abc import Callable
from contextlib import aclosing

import anyio
from aiohttp.web import Response
from anyio.abc import TaskGroup

from pacsd.api.reception import DEFAULT_PARTITION, Reception
from pacsd.archive.ingest import Ingest, InstanceRequest
from pacsd.archive.intake import Intake
from pacsd.dicom.errors import Part10Error
from pacsd.dicom.part10 import (
    MAX_META_LENGTH_BYTES,
    PREAMBLE_LENGTH_BYTES,
    PREFIX,
    ZERO_PREAMBLE,
    FileMeta,
    decode_file_meta,
    has_preamble,
)
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.dicomweb.errors import BadRequest, DicomWebError, TooLarge, UnsupportedMedia
from pacsd.dicomweb.media_types import media_type_of
from pacsd.dicomweb.multipart import (
    Event,
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
    related_of,
)
from pacsd.net.web.exchange import Exchange, Unavailable
from pacsd.net.web.store_report import Stored, report

DICOM = "application/dicom"
ORIGIN = "dicomweb"
MAX_PARTS = 100_000
AT_ONCE = 16
"""So many instances of a payload wait for their commit, while more of it is read."""

_GROUP_2 = b"\x02\x00"
_ENOUGH_BYTES = PREAMBLE_LENGTH_BYTES + MAX_META_LENGTH_BYTES + 1024


class StoreDesk:
    """Answers requests to store. An instance has `max_bytes` at most, if that is not 0."""

    def __init__(self, ingest: Ingest, now_us: Callable[[], int], max_bytes: int) -> None:
        self._ingest = ingest
        self._now_us = now_us
        self._max_bytes = max_bytes

    async def answer(self, exchange: Exchange) -> Response:
        """Take in what comes, and say of each instance what became of it.

        Raises:
            DicomWebError: the payload is none, or broke off; what was whole by then is stored.
            Unavailable: nothing can be stored now.
        """
        request = exchange.request
        related = related_of(request.headers.get("Content-Type", ""))
        if related.media_type not in {DICOM, ""}:
            raise UnsupportedMedia("Content-Type", related.media_type, f"is not of {DICOM} parts")
        refusal = self._ingest.admits()
        if refusal is not None:
            raise Unavailable(f"nothing is taken in now: {refusal}")
        payload = _Payload(self._ingest, exchange, self._now_us, self._max_bytes)
        broken = await self._take(exchange, MultipartReader(related.boundary, MAX_PARTS), payload)
        if broken is not None:
            raise broken
        if not payload.results:
            raise BadRequest("payload", "", "has no part")
        return report(exchange, payload.results)

    async def _take(
        self, exchange: Exchange, reader: MultipartReader, payload: "_Payload"
    ) -> DicomWebError | None:
        """Take all parts in; the error that ended that too early, if one did."""
        async with anyio.create_task_group() as tasks:
            try:
                async with aclosing(exchange.body()) as body:
                    async for data in body:
                        for event in reader.feed(data):
                            await payload.take(event, tasks)
                reader.end()
            except DicomWebError as error:
                return error
            finally:
                await payload.close()
        return None


class _Payload:
    """The parts of one payload on their way in, and what became of them, in their order."""

    def __init__(
        self, ingest: Ingest, exchange: Exchange, now_us: Callable[[], int], max_bytes: int
    ) -> None:
        self._max_bytes = max_bytes
        self.results: list[Stored] = []
        self._ingest = ingest
        self._exchange = exchange
        self._now_us = now_us
        self._places = anyio.Semaphore(AT_ONCE)
        self._part: _Part | None = None

    async def take(self, event: Event, tasks: TaskGroup) -> None:
        """Take the next event of the payload."""
        if isinstance(event, PartBegin):
            self._part = _Part(self._begin, self._is_dicom(event))
        elif self._part is not None and isinstance(event, PartData):
            self._part.size_bytes += len(event.data)
            if self._max_bytes and self._part.size_bytes > self._max_bytes:
                rule = f"has more than {self._max_bytes} bytes (dicomweb.max_instance_bytes)"
                raise TooLarge("part", None, rule)
            await self._part.write(event.data)
        elif self._part is not None and isinstance(event, PartEnd):
            part, self._part = self._part, None
            stored = await part.end()
            self.results.append(stored)
            if part.intake is not None:
                await self._places.acquire()
                tasks.start_soon(self._finish, part.intake, stored, name="STOW-RS: an instance")

    async def close(self) -> None:
        """Nothing more comes: what is not whole is given up."""
        if self._part is not None and self._part.intake is not None:
            await self._part.intake.abort("the request broke off")
            self._part = None

    async def _finish(self, intake: Intake, stored: Stored) -> None:
        try:
            outcome = await intake.finish()
            stored.status, stored.comment = outcome.status, outcome.comment
        finally:
            self._places.release()

    def _is_dicom(self, begin: PartBegin) -> bool:
        found = media_type_of(begin.header("content-type") or DICOM)
        return found is not None and found.essence == DICOM

    def _begin(self, meta: FileMeta, preamble: bytes) -> Intake:
        return self._ingest.begin(
            InstanceRequest(
                sop_class_uid=meta.media_storage_sop_class_uid,
                sop_instance_uid=meta.media_storage_sop_instance_uid,
                transfer_syntax_uid=meta.transfer_syntax_uid,
                reception=Reception(
                    partition=DEFAULT_PARTITION,
                    calling_ae="",
                    called_ae="",
                    peer_address=self._exchange.client,
                    received_at_us=self._now_us(),
                    origin=ORIGIN,
                ),
                preamble=preamble,
                study_instance_uid=self._exchange.target.study_instance_uid,
            )
        )


class _Part:
    """One part: its File Meta Information is read, then its data set goes to ingest."""

    def __init__(self, begin: Callable[[FileMeta, bytes], Intake], is_dicom: bool) -> None:
        self.intake: Intake | None = None
        self.size_bytes = 0
        self._begin = begin
        self._head = bytearray()
        self._stored = Stored()
        if not is_dicom:
            self._stored.comment = f"its Content-Type is not {DICOM}"

    async def write(self, data: memoryview) -> None:
        """Take more of it."""
        if self.intake is not None:
            await self._write(data)
        elif not self._stored.comment:
            self._head += data
            if len(self._head) >= _ENOUGH_BYTES:
                await self._open()

    async def end(self) -> Stored:
        """It is whole. Without an intake what is said of it is final."""
        if self.intake is None and not self._stored.comment:
            await self._open()
        return self._stored

    async def _open(self) -> None:
        head = _with_preamble(bytes(self._head))
        self._head.clear()
        try:
            meta, offset = decode_file_meta(head)
            self._stored.sop_class_uid = _uid("SOP Class", meta.media_storage_sop_class_uid)
            self._stored.sop_instance_uid = _uid(
                "SOP Instance", meta.media_storage_sop_instance_uid
            )
            _uid("Transfer Syntax", meta.transfer_syntax_uid)
            self.intake = self._begin(meta, head[:PREAMBLE_LENGTH_BYTES])
        except Part10Error as error:
            self._stored.comment = str(error)
            return
        await self._write(memoryview(head)[offset:])

    async def _write(self, data: memoryview) -> None:
        if self.intake is None or not data:
            return
        self.intake.write(data)
        while self.intake.is_congested:
            drained = anyio.Event()
            self.intake.on_drained = drained.set
            await drained.wait()


def _with_preamble(head: bytes) -> bytes:
    """The beginning of a file that may begin with File Meta Information at once.

    pydicom 3 writes such by default, and dicomweb-client 0.61 sends what it writes.
    """
    is_bare = not has_preamble(head) and head.startswith(_GROUP_2)
    return ZERO_PREAMBLE + PREFIX + head if is_bare else head


def _uid(name: str, uid: str) -> str:
    """The UID.

    Raises:
        Part10Error: it is none.
    """
    if not is_acceptable_uid(uid):
        raise Part10Error(f"File Meta Information: no UID of a {name}")
    return uid
