"""The rooms put together from a configuration, without anything running."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
import structlog
from structlog.testing import capture_logs

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.health import Health as PluginsHealth
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Host, Plugin
from pacsd.api.reception import Reception
from pacsd.api.settings import Settings
from pacsd.app.conf.checks import check
from pacsd.app.conf.options import Options
from pacsd.app.opening import Archive
from pacsd.app.plugins.health import PluginHealth
from pacsd.app.wiring import Parts, build, ill_stores
from pacsd.archive.ingest import InstanceRequest
from pacsd.index.index import Index, open_index
from pacsd.index.records import Scope
from pacsd.index.sqlite import Durability
from pacsd.net.endpoint import Endpoint
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.object_home import ObjectHome
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.api.hookspecs.hooks_of import hooks_of


class Doorkeeper(Plugin[Settings]):
    """Refuses everybody."""

    @hookimpl
    def pacsd_association_requested(self, request: AssociationRequest) -> Refusal | None:
        return Refusal(1, 1, 1, f"{request.calling_ae} is not let in")


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


def built(
    tmp_path: Path,
    index: Index,
    *,
    http: str = "",
    plugin: type[Plugin[Settings]] | None = None,
) -> Parts:
    options = Options(data_dir=str(tmp_path), dimse=("127.0.0.1:11112",), http=http)
    checked = check(None, options, {"PACSD_STORE__UNSAFE_TMPFS": "true"})
    logger = structlog.get_logger("test")
    enabled = [plugin(Host("door", tmp_path, logger), Settings())] if plugin else []
    return build(checked, Archive(hooks_of(*enabled), MemoryStore(), index))


async def test_nothing_listens_yet(tmp_path: Path, index: Index) -> None:
    parts = built(tmp_path, index)
    assert parts.listener.addresses == ()
    assert parts.http is None


async def test_http_is_there_when_it_is_on(tmp_path: Path, index: Index) -> None:
    parts = built(tmp_path, index, http="127.0.0.1:8080")
    assert parts.http is not None
    assert parts.http.address == Endpoint("127.0.0.1", 8080)


async def test_the_acceptance_hook_costs_nothing_when_no_plugin_has_it(
    tmp_path: Path, index: Index
) -> None:
    assert built(tmp_path, index).listener.desk.hook() is None


async def test_the_acceptance_hook_is_asked_when_one_has_it(tmp_path: Path, index: Index) -> None:
    hook = built(tmp_path, index, plugin=Doorkeeper).listener.desk.hook()
    assert hook is not None
    request = AssociationRequest("CT1", "PACSD", "127.0.0.1", 1, None, (), "1.2.3", "CT")
    assert await hook(request) == Refusal(1, 1, 1, "CT1 is not let in")


def request(uid: str) -> InstanceRequest:
    reception = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")
    return InstanceRequest(CT_IMAGE_STORAGE, uid, "1.2.840.10008.1.2.1", reception)


async def test_the_log_names_what_is_set_aside_and_what_is_refused(
    tmp_path: Path, index: Index
) -> None:
    parts = built(tmp_path, index)
    objects = (
        data_set({"SOPInstanceUID": "1.2.3"}),
        data_set({"SOPInstanceUID": "1.2.3", "ImageComments": "another"}),
        data_set({"SOPInstanceUID": "1.2.4"}),
    )
    started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(parts.ingest.run, started.set)
        await started.wait()
        with capture_logs() as captured:
            for content in objects:
                intake = parts.ingest.begin(request("1.2.3"))
                intake.write(content)
                await intake.finish()
        tasks.cancel_scope.cancel()
    [version] = await index.quarantine.page(Scope())
    aside, refused = captured
    assert (aside["version"], aside["sop_instance_uid"]) == (version.id, "1.2.3")
    assert (refused["status"], refused["calling_ae"]) == ("A900", "CT1")
    assert refused["error_comment"] == "SOPInstanceUID is not the one announced"


async def test_ingest_tells_the_log_what_is_not_stored(tmp_path: Path, index: Index) -> None:
    ingest = built(tmp_path, index).ingest
    reception = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")
    intake = ingest.begin(InstanceRequest("1.2.3", "1.2.3.4", "1.2.840.10008.1.2", reception))
    with capture_logs() as captured:
        await intake.finish()
    [line] = captured
    assert line["event"] == "an object was not stored"
    assert line["explanation"] == "ingest is not running"


@pytest.mark.parametrize("stores", [["acme"], []])
async def test_only_an_ill_store_keeps_the_daemon_from_being_ready(
    index: Index, stores: list[str]
) -> None:
    class Ill:
        @hookimpl
        async def pacsd_health(self) -> PluginsHealth:
            return PluginsHealth(is_well=False, explanation="no\ndisk")

        @hookimpl
        async def pacsd_blob_store(self) -> MemoryStore:
            return MemoryStore()

    archive = Archive(hooks_of(Ill()), MemoryStore(), index)
    for name in stores:
        await archive.hooks.blob_store(name)
    health = PluginHealth(archive.hooks.health, lambda: {"acme": ObjectHome("acme", Ill())})
    assert ill_stores(archive, health) == []
    await health.now()
    assert ill_stores(archive, health) == [
        f"plugin {each} of the store: no\\ndisk" for each in stores
    ]
