from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from pacsd.api.reception import Reception
from pacsd.archive.ingest import InstanceRequest
from pacsd.index.index import Index, open_index
from pacsd.index.records import Scope
from pacsd.index.sqlite import Durability
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.app.built import built


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


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


async def test_forwarding_gives_way_to_storing_as_configured(tmp_path: Path, index: Index) -> None:
    parts = built(tmp_path, index, PACSD_JOBS__FORWARDED_PER_STORED="3")
    assert parts.ingest.precedence._share == 3
