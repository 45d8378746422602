"""STOW-RS of metadata and bulk data (PS3.18 section 10.5.1.4).

The metadata of all instances comes first; what bulk data they refer to follows, in any order, and
waits in a spool until one of them has all that it needs.
"""

from collections.abc import Callable, Mapping, Sequence

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from pacsd.dicom.bulk_filling import filled
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.errors import DicomError, JsonModelError, Part10Error
from pacsd.dicom.json_reader import JsonDataSet, read_json
from pacsd.dicom.text import printable
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.dicom.xml_reader import read_native_xml
from pacsd.dicomweb.errors import BadRequest, TooLarge
from pacsd.dicomweb.media_types import MediaType, media_type_of
from pacsd.dicomweb.multipart import Event, PartBegin, PartData, PartEnd
from pacsd.net.web.bulk_parts import Bulk, BulkPart, TextCheck, Waiting, await_parts, syntax_of
from pacsd.net.web.bulk_syntax import explicit_vr_little_endian
from pacsd.net.web.entering import Entrance
from pacsd.net.web.exchange import DICOM_JSON, Unavailable
from pacsd.net.web.pixel_media_types import OCTET_STREAM
from pacsd.net.web.spooling import Spool, Spooled
from pacsd.net.web.store_report import NotStored, Stored
from pacsd.net.web.xml import DICOM_XML

MAX_REPEATED_BYTES = 1024 * 1024 * 1024
"""Of bulk data that elements have in common, beside those that use it first."""

MAX_METADATA_BYTES = 16 * 1024 * 1024

_SOP_CLASS_UID, _SOP_INSTANCE_UID = 0x00080016, 0x00080018


def _read_json(parts: Sequence[bytes]) -> list[JsonDataSet]:
    """All objects are in one array, in one part (PS3.18 section 10.5.1.4)."""
    if len(parts) > 1:
        raise JsonModelError("JSON: has more than one part (PS3.18 section 10.5.1.4)")
    return read_json(parts[0])


METADATA_READERS: Mapping[str, Callable[[Sequence[bytes]], list[JsonDataSet]]] = {
    DICOM_JSON: _read_json,
    DICOM_XML: read_native_xml,
}
"""Media types of metadata, and who reads its parts: in XML each instance has one of its own."""


class MetadataPayload:
    """The instances of one payload, and what became of them, in their order.

    An instance has `max_bytes` at most, if that is not 0; `reading` limits how many payloads have
    their metadata read at once.
    """

    def __init__(
        self,
        entrance: Entrance,
        spool: Spool,
        media_type: str,
        *,
        max_bytes: int,
        reading: anyio.CapacityLimiter,
    ) -> None:
        self.results: list[Stored] = []
        self._entrance = entrance
        self._spool = spool
        self._media_type = media_type
        self._max_bytes = max_bytes
        self._number = 0
        self._has_metadata = False
        self._metadata: list[bytearray] = []
        self._metadata_bytes = 0
        self._reading = reading
        self._is_read = False
        self._waiting: dict[Waiting, None] = {}
        self._kept = 0
        self._awaited: dict[str, Bulk] = {}
        self._done: set[str] = set()
        self._location = ""
        self._part: BulkPart | None = None
        self._text: TextCheck | None = None
        self._spooled_bytes = 0
        self._repeated_bytes = 0

    async def take(self, event: Event, tasks: TaskGroup) -> None:
        """Take the next event of the payload.

        Raises:
            BadRequest: it is no such payload.
            TooLarge: a bound is passed.
            Unavailable: there is no room for bulk data that has to wait.
        """
        if isinstance(event, PartBegin):
            self._number += 1
            await self._begin(event, tasks)
        elif isinstance(event, PartData):
            await self._data(event.data)
        elif isinstance(event, PartEnd):
            self._end_part()
        else:
            await self._end(tasks)

    async def close(self) -> None:
        """Nothing more comes: what waits is gone with its spool."""

    async def _begin(self, begin: PartBegin, tasks: TaskGroup) -> None:
        written = begin.header("content-type")
        first = self._media_type if self._number == 1 else OCTET_STREAM
        media_type = media_type_of(written or first)
        if media_type is None:
            raise BadRequest(self._field(), written, "is no media type (RFC 9110 section 8.3.1)")
        if media_type.essence == self._media_type:
            if self._is_read:
                raise BadRequest(self._field(), None, "is metadata behind bulk data")
            self._has_metadata = True
            self._metadata.append(bytearray())
            return
        if not self._has_metadata:
            rule = f"is not {self._media_type}, which comes first (PS3.18 section 10.5.1.4)"
            raise BadRequest(self._field(), written, rule)
        await self._read_metadata(tasks)
        await self._begin_bulk(begin.header("content-location"), media_type, tasks)

    async def _begin_bulk(self, location: str, media_type: MediaType, tasks: TaskGroup) -> None:
        if not location:
            rule = "has no Content-Location (PS3.18 section 10.5.1.4)"
            raise BadRequest(self._field(), None, rule)
        if location != self._location:
            await self._complete(tasks)
            if location in self._done:
                rule = "is the Content-Location of a part before others already"
                raise BadRequest(self._field(), location, rule)
            self._location = location
        # What no instance refers to is passed over.
        if location in self._awaited:
            self._part = BulkPart(media_type, self._spooled_bytes)
            self._text = TextCheck() if self._awaited[location].is_text else None

    async def _data(self, data: memoryview) -> None:
        if not self._is_read:
            self._metadata_bytes += len(data)
            if self._metadata_bytes > MAX_METADATA_BYTES:
                raise TooLarge("metadata", None, f"has more than {MAX_METADATA_BYTES} bytes")
            self._metadata[-1] += data
        elif self._part is not None:
            part = self._part
            self._check_admitted()
            part.passed(data)
            if self._max_bytes and part.size_bytes > self._max_bytes:
                raise TooLarge(self._field(), None, self._too_long())
            if self._text is not None:
                part.is_text = part.is_text and self._text.is_text(data)
            await self._spool.write(data)
            self._spooled_bytes += len(data)

    def _end_part(self) -> None:
        if self._part is not None:
            part, self._part = self._part, None
            if self._text is not None:
                end = memoryview(b"")
                part.is_text = part.is_text and self._text.is_text(end, is_last=True)
            self._awaited[self._location].parts.append(part)

    async def _end(self, tasks: TaskGroup) -> None:
        """The payload is whole: nobody need wait any longer."""
        if not self._has_metadata:
            return
        await self._read_metadata(tasks)
        await self._complete(tasks)
        for instance in self._waiting:
            for uri in sorted(instance.missing)[:1]:
                instance.stored.comment = f"BulkDataURI '{printable(uri)}': is no part's location"

    async def _read_metadata(self, tasks: TaskGroup) -> None:
        """Begin to wait for what the instances refer to; those that need nothing are stored."""
        if self._is_read:
            return
        self._is_read = True
        parts = [bytes(each) for each in self._metadata]
        self._metadata.clear()
        read = METADATA_READERS[self._media_type]
        try:
            # It takes the processor, and memory.
            instances = await anyio.to_thread.run_sync(
                _instances, read, parts, limiter=self._reading
            )
        except DicomError as error:
            raise BadRequest("metadata", None, str(error)) from error
        self.results += [each.stored for each in instances]
        known = [each for each in instances if not each.stored.comment]
        self._awaited = await_parts(known)
        self._waiting = dict.fromkeys(each for each in known if each.missing)
        for instance in known:
            if not instance.missing:
                await self._store(instance, tasks)

    async def _complete(self, tasks: TaskGroup) -> None:
        """No more parts are at this location: store whatever lacked nothing else."""
        location, self._location = self._location, ""
        bulk = self._awaited.get(location)
        if bulk is None or location in self._done:
            return
        self._done.add(location)
        self._kept += 1
        for instance in bulk.waiting:
            instance.missing.discard(location)
            if not instance.missing:
                await self._store(instance, tasks)
                self._release(instance)
        if not self._kept:
            self._spooled_bytes = 0
            await self._spool.clear()

    def _release(self, instance: Waiting) -> None:
        """It needs nothing any more."""
        del self._waiting[instance]
        for bulk in dict.fromkeys(instance.bulk):
            bulk.users -= 1
            if not bulk.users:
                self._kept -= 1

    async def _store(self, instance: Waiting, tasks: TaskGroup) -> None:
        self._check_admitted()
        try:
            syntax = syntax_of(instance)
            self._check_length(instance)
            self._check_repeated(instance)
            intake = self._entrance.begin(instance.stored, syntax.uid)
        except (NotStored, Part10Error) as error:
            instance.stored.comment = str(error)
            if isinstance(error, NotStored):
                instance.stored.status = error.status
            return
        values = [[part.spooled for part in bulk.parts] for bulk in instance.bulk]
        pieces = filled(instance.data_set, values, is_encapsulated=syntax.is_encapsulated)
        is_whole = False
        try:
            for piece in pieces:
                if isinstance(piece, Spooled):
                    async for data in self._spool.read(piece):
                        await self._entrance.write(intake, data)
                        self._entrance.alive()
                else:
                    await self._entrance.write(intake, piece)
            is_whole = True
        finally:
            if not is_whole:
                await intake.abort("its bulk data cannot be read")
        await self._entrance.finish(intake, instance.stored, tasks)

    def _check_repeated(self, instance: Waiting) -> None:
        """What elements have in common is stored for each of them: little would become much."""
        for bulk in instance.bulk:
            if bulk.is_used:
                self._repeated_bytes += sum(part.size_bytes for part in bulk.parts)
            bulk.is_used = True
        if self._repeated_bytes > MAX_REPEATED_BYTES:
            rule = f"of more than {MAX_REPEATED_BYTES} bytes is referred to again and again"
            raise TooLarge("bulk data", None, rule)

    def _check_length(self, instance: Waiting) -> None:
        parts = (part for bulk in instance.bulk for part in bulk.parts)
        size = len(instance.data_set.raw) + sum(part.size_bytes for part in parts)
        if self._max_bytes and size > self._max_bytes:
            raise TooLarge("instance", None, self._too_long())

    def _check_admitted(self) -> None:
        refusal = self._entrance.refusal()
        if refusal is not None:
            raise Unavailable(f"nothing is taken in now: {refusal}")

    def _too_long(self) -> str:
        return f"has more than {self._max_bytes} bytes (dicomweb.max_instance_bytes)"

    def _field(self) -> str:
        return f"part {self._number}"


def _instances(
    read: Callable[[Sequence[bytes]], list[JsonDataSet]], parts: Sequence[bytes]
) -> list[Waiting]:
    """The instances that the metadata is of; one without UIDs has a comment that says so.

    Raises:
        DicomError: it is no metadata, or of too many elements and items.
    """
    return [_instance(each) for each in read(parts)]


def _instance(data_set: JsonDataSet) -> Waiting:
    header = read_data_set(
        data_set.raw,
        explicit_vr_little_endian(),
        is_layout_certain=True,
    )
    stored = Stored()
    for tag, name in ((_SOP_CLASS_UID, "SOP Class UID"), (_SOP_INSTANCE_UID, "SOP Instance UID")):
        uid = "".join(header.texts(tag)[:1])
        if not is_acceptable_uid(uid):
            stored.comment = f"metadata: '{printable(uid)}' is no {name} (PS3.5 section 9.1)"
            return Waiting(stored, data_set, header)
        if tag == _SOP_CLASS_UID:
            stored.sop_class_uid = uid
        else:
            stored.sop_instance_uid = uid
    return Waiting(stored, data_set, header)
