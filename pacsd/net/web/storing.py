"""STOW-RS: instances in the parts of a payload, each through ingest (PS3.18 section 10.5)."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Protocol

import anyio
from aiohttp.web import Response
from anyio.abc import TaskGroup

from pacsd.archive.ingest import Ingest
from pacsd.archive.intake import Intake
from pacsd.dicom.errors import Part10Error
from pacsd.dicom.file_head import FileHead, WholeHead
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
from pacsd.net.web.entering import Entrance
from pacsd.net.web.exchange import Exchange, Unavailable
from pacsd.net.web.spooling import Spools
from pacsd.net.web.store_report import OFFERS, Stored, report
from pacsd.net.web.storing_metadata import METADATA_READERS, MetadataPayload

DICOM = "application/dicom"
MAX_PARTS = 100_000
METADATA_AT_ONCE = 8
"""So many payloads of metadata are taken at once: each is held in memory. One more gets 503."""


class Payload(Protocol):
    """What becomes of the parts of a payload."""

    results: list[Stored]

    async def take(self, event: Event, tasks: TaskGroup) -> None:
        """Take the next event of the payload.

        Raises:
            DicomWebError: it is none.
            Unavailable: it cannot be stored now.
        """

    async def close(self) -> None:
        """Nothing more comes: what is not whole is given up."""


class StoreDesk:
    """Answers requests to store. An instance has `max_bytes` at most, if that is not 0.

    Bulk data waits in `spools` for what belongs to the same instance.
    """

    def __init__(
        self, ingest: Ingest, spools: Spools, now_us: Callable[[], int], max_bytes: int
    ) -> None:
        self._ingest = ingest
        self._spools = spools
        self._now_us = now_us
        self._max_bytes = max_bytes
        self._metadata_payloads = 0
        self._reading = anyio.CapacityLimiter(1)

    async def answer(self, exchange: Exchange) -> Response:
        """Take in what comes, and say of each instance what became of it.

        Who takes no Store Instances Response that there is gets 406 before anything is stored: it
        could not tell what was (PS3.18 section 8.3.3.1: there is no default for this resource).

        Raises:
            DicomWebError: the payload is none, or broke off; what was whole by then is stored.
            Unavailable: nothing can be stored now.
        """
        request = exchange.request
        related = related_of(request.headers.get("Content-Type", ""))
        if related.media_type not in {DICOM, "", *METADATA_READERS}:
            known = " or ".join((DICOM, *METADATA_READERS))
            raise UnsupportedMedia("Content-Type", related.media_type, f"is not of {known} parts")
        media_type = exchange.choose(OFFERS).representation.media_type
        refusal = self._ingest.admits()
        if refusal is not None:
            raise Unavailable(f"nothing is taken in now: {refusal}")
        async with self._payload(exchange, related.media_type) as payload:
            reader = MultipartReader(related.boundary, MAX_PARTS)
            broken = await self._take(exchange, reader, payload)
        if broken is not None:
            raise broken
        if not payload.results:
            raise BadRequest("payload", "", "has no part, or metadata of no instance")
        return await report(exchange, media_type, payload.results)

    @asynccontextmanager
    async def _payload(self, exchange: Exchange, media_type: str) -> AsyncIterator[Payload]:
        entrance = Entrance(self._ingest, exchange, self._now_us)
        if media_type not in METADATA_READERS:
            yield _Files(entrance, self._max_bytes)
            return
        if self._metadata_payloads >= METADATA_AT_ONCE:
            raise Unavailable(f"{METADATA_AT_ONCE} payloads of metadata are being stored already")
        self._metadata_payloads += 1
        try:
            async with self._spools.opened() as spool:
                yield MetadataPayload(
                    entrance,
                    spool,
                    media_type,
                    max_bytes=self._max_bytes,
                    reading=self._reading,
                )
        finally:
            self._metadata_payloads -= 1

    async def _take(
        self, exchange: Exchange, reader: MultipartReader, payload: Payload
    ) -> DicomWebError | Unavailable | None:
        """Take all parts in; the error that ended that too early, if one did."""
        async with anyio.create_task_group() as tasks:
            try:
                async with aclosing(exchange.body()) as body:
                    async for data in body:
                        for event in reader.feed(data):
                            await payload.take(event, tasks)
                reader.end()
            except (DicomWebError, Unavailable) as error:
                return error
            finally:
                await payload.close()
        return None


class _Files:
    """The files of one payload on their way in, and what became of them, in their order."""

    def __init__(self, entrance: Entrance, max_bytes: int) -> None:
        self.results: list[Stored] = []
        self._entrance = entrance
        self._max_bytes = max_bytes
        self._part: _Part | None = None

    async def take(self, event: Event, tasks: TaskGroup) -> None:
        """Take the next event of the payload."""
        if isinstance(event, PartBegin):
            self._part = _Part(self._entrance, self._is_dicom(event))
        elif self._part is not None and isinstance(event, PartData):
            self._part.size_bytes += len(event.data)
            if self._max_bytes and self._part.size_bytes > self._max_bytes:
                rule = f"has more than {self._max_bytes} bytes (dicomweb.max_instance_bytes)"
                raise TooLarge("part", None, rule)
            await self._part.write(event.data)
        elif self._part is not None and isinstance(event, PartEnd):
            part = self._part
            # Its end may have to wait for the store: until then it is there to be given up.
            stored = await part.end()
            self._part = None
            self.results.append(stored)
            if part.intake is not None:
                await self._entrance.finish(part.intake, stored, tasks)

    async def close(self) -> None:
        """Nothing more comes: what is not whole is given up."""
        if self._part is not None and self._part.intake is not None:
            await self._part.intake.abort("the request broke off")
            self._part = None

    def _is_dicom(self, begin: PartBegin) -> bool:
        found = media_type_of(begin.header("content-type") or DICOM)
        return found is not None and found.essence == DICOM


class _Part:
    """One part: its File Meta Information is read, then its data set goes to ingest."""

    def __init__(self, entrance: Entrance, is_dicom: bool) -> None:
        self.intake: Intake | None = None
        self.size_bytes = 0
        self._entrance = entrance
        self._head = FileHead(may_lack_preamble=True)
        self._stored = Stored()
        if not is_dicom:
            self._stored.comment = f"its Content-Type is not {DICOM}"

    async def write(self, data: memoryview) -> None:
        """Take more of it."""
        if self.intake is not None:
            await self._entrance.write(self.intake, data)
        elif not self._stored.comment:
            await self._open(partial(self._head.feed, data))

    async def end(self) -> Stored:
        """It is whole. Without an intake what is said of it is final."""
        if self.intake is None and not self._stored.comment:
            await self._open(self._head.end)
        return self._stored

    async def _open(self, find: Callable[[], WholeHead | None]) -> None:
        """Have its data set taken in, if its head is there."""
        try:
            head = find()
            if head is None:
                return
            meta = head.meta
            self._stored.sop_class_uid = _uid("SOP Class", meta.media_storage_sop_class_uid)
            self._stored.sop_instance_uid = _uid(
                "SOP Instance", meta.media_storage_sop_instance_uid
            )
            _uid("Transfer Syntax", meta.transfer_syntax_uid)
            self.intake = self._entrance.begin(
                self._stored, meta.transfer_syntax_uid, head.preamble
            )
        except Part10Error as error:
            self._stored.comment = str(error)
            return
        await self._entrance.write(self.intake, head.begun)


def _uid(name: str, uid: str) -> str:
    """The UID.

    Raises:
        Part10Error: it is none.
    """
    if not is_acceptable_uid(uid):
        raise Part10Error(f"File Meta Information: no UID of a {name}")
    return uid
