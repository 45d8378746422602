"""How DICOMweb is put together, without a listener but for one request."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from aiohttp import ClientSession
from structlog.testing import capture_logs

from pacsd.app.conf.checks import check
from pacsd.app.conf.options import Options
from pacsd.app.conf.settings import Config
from pacsd.app.metadata_making import make_metadata
from pacsd.app.opening import Archive
from pacsd.app.web_wiring import WebParts, web_services
from pacsd.archive.access import Access
from pacsd.archive.change_feed import ChangeFeed
from pacsd.archive.curation import Curation
from pacsd.archive.finding import Finder, QueryLimits
from pacsd.archive.ingest import Ingest
from pacsd.archive.kept_metadata import KeptMetadata
from pacsd.archive.removal import Removal
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Retriever
from pacsd.archive.stored_headers import StoredHeaders
from pacsd.index.index import Index, open_index
from pacsd.index.records import Scope
from pacsd.index.sqlite import Durability
from pacsd.net.http import Serve
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.api.hookspecs.hooks_of import hooks_of
from tests.net.test_http import serving
from tests.net.web.serving import RELATED, STUDY, UID, image, part10, path, payload

READS, STORES = "GET, HEAD, OPTIONS", "GET, HEAD, OPTIONS, POST"
DELETES, ALL = f"DELETE, {READS}", f"DELETE, {STORES}"
INSTANCE = "/studies/1.2/series/1.3/instances/1.4"
METHODS = {
    "/studies": STORES,
    "/studies/1.2": ALL,
    "/series": READS,
    "/instances": READS,
    "/studies/1.2/series": READS,
    "/studies/1.2/instances": READS,
    "/studies/1.2/series/1.3": DELETES,
    "/studies/1.2/series/1.3/instances": READS,
    INSTANCE: DELETES,
    "/studies/1.2/metadata": READS,
    "/studies/1.2/series/1.3/metadata": READS,
    f"{INSTANCE}/metadata": READS,
    f"{INSTANCE}/frames/1": READS,
    f"{INSTANCE}/bulkdata/7FE00010": READS,
    "/changes": READS,
    "/capabilities": READS,
    "/openapi.json": READS,
}


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


def config_of(tmp_path: Path, **settings: str) -> Config:
    named = {f"PACSD_DICOMWEB__{name.upper()}": value for name, value in settings.items()}
    options = Options(data_dir=str(tmp_path), dimse=("127.0.0.1:11112",))
    return check(None, options, {"PACSD_STORE__UNSAFE_TMPFS": "true", **named}).config


def wired(tmp_path: Path, index: Index, **settings: str) -> dict[str, Serve]:
    return wired_with_ingest(tmp_path, index, **settings)[0]


def wired_with_ingest(
    tmp_path: Path, index: Index, **settings: str
) -> tuple[dict[str, Serve], Ingest]:
    store, limits = MemoryStore(), QueryLimits()
    archive = Archive(hooks_of(), store, index)
    finder = Finder(index, StoredHeaders(store, index), limits)
    retriever = Retriever(store, index, limits)
    ingest = Ingest(store, index, now_us=lambda: 0)
    curation = Curation(store, "memory", index, now_us=lambda: 1)
    removal = Removal(index, curation, now_us=lambda: 1)
    access = Access(index, lambda _retrieved, why: pytest.fail(why))
    config = config_of(tmp_path, **settings)
    metadata = make_metadata(config, archive, retriever)
    feed = ChangeFeed(index, 1)
    parts = WebParts(
        ingest, finder, retriever, removal, access, metadata.reader, metadata.kept, feed
    )
    return dict(web_services(config, archive, parts)), ingest


async def test_it_can_be_off(tmp_path: Path, index: Index) -> None:
    assert [*wired(tmp_path, index, enabled="false")] == ["/plugins", "/jobs"]
    assert list(wired(tmp_path, index)) == ["/dicomweb", "/plugins", "/jobs"]


async def test_who_answers_what(tmp_path: Path, index: Index) -> None:
    services = wired(tmp_path, index)
    async with serving(services=services) as address, ClientSession() as client:
        for target, allow in METHODS.items():
            async with client.options(f"http://{address}/dicomweb{target}") as answer:
                assert (answer.status, answer.headers["Allow"]) == (204, allow), target
        async with client.get(f"http://{address}/dicomweb/studies") as answer:
            assert (answer.status, await answer.json(content_type=None)) == (200, [])
        for target in list(METHODS)[1:]:
            async with client.get(f"http://{address}/dicomweb{target}") as answer:
                is_there = target.rpartition("/")[2] in {
                    "series", "instances", "changes", "capabilities", "openapi.json",
                }  # fmt: skip
                assert answer.status == (200 if is_there else 404), target


async def test_settings_count(tmp_path: Path, index: Index) -> None:
    origin = "https://viewer.example"
    services = wired(tmp_path, index, public_url="https://pacs.example/x", cors_origins=origin)
    async with serving(services=services) as address, ClientSession() as client:
        url = f"http://{address}/dicomweb/studies?Modality=CT"
        async with client.get(url, headers={"Origin": origin}) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert answer.headers["Warning"].startswith("299 https://pacs.example/x: ")
        async with client.post(url, data=b"") as answer:
            assert answer.status == 415


async def test_frames_are_looked_for_among_what_was_made_ahead(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    frames = KeptMetadata.frames

    async def noting(kept: KeptMetadata, instance: Retrievable) -> bytes | None:
        asked.append(instance.sop_instance_uid)
        return await frames(kept, instance)

    monkeypatch.setattr(KeptMetadata, "frames", noting)
    services, ingest = wired_with_ingest(tmp_path, index)
    async with anyio.create_task_group() as tasks, serving(services=services) as address:
        started = anyio.Event()
        tasks.start_soon(ingest.run, started.set)
        await started.wait()
        async with ClientSession() as client:
            url, headers = f"http://{address}/dicomweb/studies", {"Content-Type": RELATED}
            async with client.post(url, data=payload(part10(image(2))), headers=headers) as sent:
                assert sent.status == 200
            async with client.get(f"http://{address}/dicomweb{path(below='/frames/2')}") as got:
                assert got.status == 200
        tasks.cancel_scope.cancel()
    assert asked == [UID]


async def test_what_is_deleted_is_logged_without_the_reason(tmp_path: Path, index: Index) -> None:
    services, ingest = wired_with_ingest(tmp_path, index)
    async with anyio.create_task_group() as tasks, serving(services=services) as address:
        started = anyio.Event()
        tasks.start_soon(ingest.run, started.set)
        await started.wait()
        async with ClientSession() as client:
            url = f"http://{address}/dicomweb/studies"
            body, headers = payload(part10(image())), {"Content-Type": RELATED}
            async with client.post(url, data=body, headers=headers) as sent:
                assert sent.status == 200
            with capture_logs() as captured:
                async with client.delete(f"{url}/{STUDY}?reason=Meier%20asked") as answer:
                    assert answer.status == 200
        tasks.cancel_scope.cancel()
    assert [each for each in captured if each["event"] == "instances were deleted"] == [
        {
            "event": "instances were deleted",
            "log_level": "info",
            "actor": "dicomweb 127.0.0.1",
            "entity": "study",
            "uid": STUDY,
            "instances": 1,
        }
    ]
    assert "Meier" not in str(captured)


async def test_what_is_not_there_is_not_deleted(tmp_path: Path, index: Index) -> None:
    services = wired(tmp_path, index)
    async with serving(services=services) as address, ClientSession() as client:
        with capture_logs() as captured:
            async with client.delete(f"http://{address}/dicomweb{INSTANCE}") as answer:
                assert answer.status == 404
        assert "instances were deleted" not in {each["event"] for each in captured}
        await index._threads.close()
        async with client.delete(f"http://{address}/dicomweb{INSTANCE}") as answer:
            assert answer.status == 503


async def test_what_is_stored_was_received_today(tmp_path: Path, index: Index) -> None:
    services, ingest = wired_with_ingest(tmp_path, index)
    async with anyio.create_task_group() as tasks, serving(services=services) as address:
        started = anyio.Event()
        tasks.start_soon(ingest.run, started.set)
        await started.wait()
        async with ClientSession() as client:
            url, headers = f"http://{address}/dicomweb/studies", {"Content-Type": RELATED}
            async with client.post(url, data=payload(part10(data_set())), headers=headers) as sent:
                assert sent.status == 200
        stored = await index.instances.find(Scope(), UID)
        tasks.cancel_scope.cancel()
    assert stored is not None
    assert stored.received_at_us == pytest.approx(time.time() * 1e6, abs=86_400e6)
