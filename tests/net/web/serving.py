"""DICOMweb served for a test: the real desks over a store in memory and a real index."""

import email
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email.message import Message
from pathlib import Path
from typing import Any

import anyio
import orjson
from aiohttp import ClientSession
from multidict import CIMultiDict, CIMultiDictProxy
from prometheus_client import CollectorRegistry
from yarl import URL

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import ByteRange, Location, StageRequest
from pacsd.app.spool import FolderSpools
from pacsd.archive.access import Retrieved
from pacsd.archive.bulk_data import BulkReader
from pacsd.archive.change_feed import ChangeFeed
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.file_sets import FileSets
from pacsd.archive.finding import Finder, QueryLimits
from pacsd.archive.frame_reading import FrameReader
from pacsd.archive.ingest import Ingest
from pacsd.archive.kept_metadata import KeptMetadata
from pacsd.archive.metadata import MetadataReader
from pacsd.archive.metadata_maker import MetadataMaker
from pacsd.archive.retrieval import Retriever
from pacsd.archive.stored_file import read_stored
from pacsd.archive.stored_headers import StoredHeaders
from pacsd.dicom.level import Level
from pacsd.index.index import Index, open_index
from pacsd.index.overlay_records import Correction
from pacsd.index.records import Scope
from pacsd.index.sqlite import Durability
from pacsd.net.endpoint import Endpoint
from pacsd.net.http import Health, HttpListener
from pacsd.net.http_connection import HttpLimits
from pacsd.net.results import Results
from pacsd.net.transcoding import NO_TRANSCODING, Transcoding
from pacsd.net.web.bulk import BulkDesk
from pacsd.net.web.changes import ChangeDesk, FeedPace
from pacsd.net.web.deleting import DeleteDesk
from pacsd.net.web.describing import DescribingDesk
from pacsd.net.web.desk import AnswersExchange, Terms, WebDesk
from pacsd.net.web.exchange import ROOT
from pacsd.net.web.frames import FrameDesk
from pacsd.net.web.instances import InstanceDesk
from pacsd.net.web.metadata import MetadataDesk
from pacsd.net.web.resources import WebService
from pacsd.net.web.searching import Searching
from pacsd.net.web.storing import StoreDesk
from pacsd.net.web.trail import Trail
from pacsd.net.web.transcoded_frames import TranscodedFrames
from pacsd.net.web.zipping import ZipDesk
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.test_stored_file import REQUEST
from tests.dicom.written import EXPLICIT, element, item

STUDY, SERIES, UID = "1.2.3", "1.2.3.1", "1.2.3.4"
JPEG = "1.2.840.10008.1.2.4.50"
PATIENCE_S = 30.0
"""Only how long a search may take on a loaded machine."""
MAX_RESULTS = 100
MAX_INSTANCE_BYTES = 32 * 1024 * 1024
MAX_SPOOL_BYTES = 48 * 1024 * 1024


def path(uid: str = UID, *, study: str = STUDY, series: str = SERIES, below: str = "") -> str:
    """The path of an instance, or of something below it."""
    return f"/studies/{study}/series/{series}/instances/{uid}{below}"


def fragments(*frames: bytes) -> bytes:
    """Pixel Data in fragments, one to a frame, without a table of offsets."""
    value = item(b"") + b"".join(map(item, frames)) + bytes.fromhex("feffdde000000000")
    return element(0x7FE00010, "OB", value, length=0xFFFFFFFF)


def image(frames: int = 1, uid: str = UID, *, pixels: bytes = b"") -> bytes:
    """An image of 2 x 2 bytes; a frame is four times its number, but for `pixels` as they are."""
    attributes: dict[str, str | int] = {
        "SOPInstanceUID": uid, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
        "NumberOfFrames": str(frames), "Rows": 2, "Columns": 2, "BitsAllocated": 8,
        "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0,
    }  # fmt: skip
    samples = b"".join(bytes([number] * 4) for number in range(1, frames + 1))
    return data_set(attributes) + (pixels or element(0x7FE00010, "OB", samples))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart answer, its headers by names in lower case."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def why(self) -> str:
        """What is said of an error."""
        return str(self.json["error"])

    @property
    def parts(self) -> list[Part]:
        """Its parts, as Python's own reader of mail finds them."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = email.message_from_bytes(head + self.body)
        assert message.is_multipart()
        assert not message.defects
        return [_part(each) for each in message.get_payload() if isinstance(each, Message)]


def _part(message: Message) -> Part:
    body = message.get_payload(decode=True)
    assert isinstance(body, bytes)
    return Part({name.lower(): str(value) for name, value in message.items()}, body)


class BreakableStore(MemoryStore):
    """A store whose reads end with an error after `breaks_after` bytes, once that is set."""

    breaks_after: int | None = None

    async def read(
        self, location: Location, ranges: Sequence[ByteRange] | None = None, /
    ) -> AsyncGenerator[bytes, None]:
        async for piece in super().read(location, ranges):
            if self.breaks_after is not None and len(piece) > self.breaks_after:
                yield piece[: self.breaks_after]
                raise StoreError(StoreFault.INPUT_OUTPUT, "told to break off")
            yield piece


@dataclass(slots=True)
class Made:
    """What is noted and deleted, and the time of day."""

    now_s: float = 0.0
    is_open: bool = True
    noted: list[Retrieved] = field(default_factory=list)
    deleted: list[tuple[str, ...]] = field(default_factory=list)
    failure: Exception | None = None
    pace: FeedPace = field(default_factory=FeedPace)

    async def note(self, retrieved: Retrieved) -> None:
        """Keep what left."""
        self.noted.append(retrieved)

    async def delete(self, *named: str) -> int:
        """Keep what is to be deleted; three instances were it, or what is to fail does."""
        if self.failure is not None:
            raise self.failure
        self.deleted.append(named)
        return 3


@dataclass(frozen=True, slots=True)
class Served:
    """What a test stores, asks and looks at."""

    store: BreakableStore
    index: Index
    ingest: Ingest
    address: Endpoint
    client: ClientSession
    made: Made
    feed: ChangeFeed
    spools: FolderSpools

    @property
    def root(self) -> str:
        return f"http://{self.address}{ROOT}"

    async def add(self, data: bytes, uid: str = UID, syntax: str = EXPLICIT.uid) -> None:
        """Have that data set in the archive."""
        request = replace(REQUEST, sop_instance_uid=uid, transfer_syntax_uid=syntax)
        preface = encode_preface(request)
        staged = await self.store.stage(StageRequest(1, preface, hashlib.sha256()))
        await staged.write([data])
        (location,) = await self.store.commit([staged])
        assert isinstance(location, Location)
        await self.index.add([await read_stored(self.store, location)])

    async def correct(self, level: Level, uid: str, tag: int, value: str) -> None:
        """Correct an attribute."""
        (correctable,) = await self.index.overlays.correctable(Scope(), level, uid)
        correction = Correction(level, uid, tag, value, "test", "why", 1, correctable.sha256)
        await self.index.overlays.correct(Scope(), [correction])

    async def get(self, target: str, accept: str | None = None, **headers: str) -> Answer:
        """GET what is below the root; without `accept` nothing is said of that."""
        return await self.ask("GET", target, accept, headers=headers)

    async def ask(
        self,
        method: str,
        target: str,
        accept: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | AsyncIterator[bytes] | None = None,
    ) -> Answer:
        """Ask anything."""
        given = CIMultiDict({
            name.replace("_", "-"): value for name, value in (headers or {}).items()
        })  # fmt: skip
        if accept is not None:
            given["Accept"] = accept
        url = URL(self.root + target, encoded=True)
        silent = ("Accept", "Accept-Encoding", "Content-Type")
        async with self.client.request(
            method, url, headers=given, data=data, skip_auto_headers=silent
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())


@asynccontextmanager
async def serving(
    folder: Path,
    terms: Terms | None = None,
    *,
    limits: QueryLimits | None = None,
    store: BreakableStore | None = None,
    endpoint: Endpoint | None = None,
    names_are_exact: bool = False,
    tells_totals: bool = False,
    results: Results | None = None,
    made: Made | None = None,
    http: HttpLimits | None = None,
    max_change_readers: int = 4,
    takes_relayed: bool = False,
    transcoding: Transcoding = NO_TRANSCODING,
) -> AsyncIterator[Served]:
    """An empty archive, served."""
    store, limits = store or BreakableStore(), limits or QueryLimits(budget_s=PATIENCE_S)
    async with open_index(folder, now_us=lambda: 0, durability=Durability.RELAXED) as index:
        ingest = Ingest(store, index, now_us=lambda: 1_700_000_000_000_000)
        finder = Finder(index, StoredHeaders(store, index), limits)
        searching = Searching(
            finder,
            MAX_RESULTS,
            names_are_exact=names_are_exact,
            tells_totals=tells_totals,
            results=results,
        )
        retriever = Retriever(store, index, limits)
        made = made or Made()
        feed = ChangeFeed(index, max_change_readers)
        spools = FolderSpools(folder, MAX_SPOOL_BYTES)
        answers = _answers(store, index, searching, retriever, made, transcoding)
        answers[WebService.STORE] = StoreDesk(ingest, spools, lambda: 1, MAX_INSTANCE_BYTES).answer
        answers[WebService.CHANGES] = ChangeDesk(feed, finder.seen, made.pace).answer
        desk = WebDesk(answers, terms or Terms())
        listener = HttpListener(
            endpoint or Endpoint("127.0.0.1", 0),
            registry=CollectorRegistry(),
            health=lambda: Health(is_ready=True),
            limits=http,
            services={ROOT: desk.answer},
            takes_relayed=lambda: takes_relayed,
            ending=feed.end,
        )
        async with (
            anyio.create_task_group() as tasks,
            ClientSession(auto_decompress=False) as client,
        ):
            for run in (ingest.run, listener.run):
                started = anyio.Event()
                tasks.start_soon(run, started.set)
                await started.wait()
            address = Endpoint("127.0.0.1", listener.address.port)
            yield Served(store, index, ingest, address, client, made, feed, spools)
            tasks.cancel_scope.cancel()


def _answers(
    store: MemoryStore,
    index: Index,
    searching: Searching,
    retriever: Retriever,
    made: Made,
    transcoding: Transcoding,
) -> dict[WebService, AnswersExchange]:
    """As the daemon has them; `tests/app/test_web_wiring.py` sees to it that it does."""
    trail = Trail(made, lambda: made.now_s)
    kept = KeptMetadata(index)
    metadata = MetadataReader(MetadataMaker(store, retriever), kept)
    reader = FrameReader(store, kept)
    transcoded = TranscodedFrames(retriever, reader, transcoding)
    frames = FrameDesk(retriever, reader, trail, transcoded)
    bulk = BulkDesk(retriever, BulkReader(store, retriever), frames, trail)
    zips = ZipDesk(retriever, FileSets(index, retriever), trail)
    describing = DescribingDesk()
    return {
        WebService.SEARCH: searching.answer,
        WebService.INSTANCES: InstanceDesk(retriever, zips, trail, transcoding).answer,
        WebService.METADATA: MetadataDesk(retriever, metadata).answer,
        WebService.FRAMES: frames.answer,
        WebService.BULK_DATA: bulk.answer,
        WebService.DELETE: DeleteDesk(made.delete, retriever, is_open=made.is_open).answer,
        WebService.OVERVIEW: describing.overview,
        WebService.CAPABILITIES: describing.capabilities,
        WebService.OPENAPI: describing.openapi,
    }


def part10(data: bytes, uid: str = UID, syntax: str = EXPLICIT.uid) -> bytes:
    """A DICOM file."""
    request = replace(REQUEST, sop_instance_uid=uid, transfer_syntax_uid=syntax)
    return encode_preface(request) + data


BOUNDARY = "between-parts"
RELATED = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def payload(*parts: bytes, content_type: str = "application/dicom") -> bytes:
    """A payload of these parts."""
    begin = f"--{BOUNDARY}\r\nContent-Type: {content_type}\r\n\r\n".encode()
    return b"".join(begin + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()
