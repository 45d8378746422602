from pathlib import Path

import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.host import HostError
from pacsd.api.plugin import Host
from pacsd.app.plugins.services import HostServices
from pacsd.archive.curation import Curation
from pacsd.archive.state_records import Action, decode_record
from pacsd.index.index import Index
from pacsd.testing.fake_host import RecordingLogger
from pacsd.testing.memory_store import MemoryStore
from tests.app.plugins.conftest import NOW_US
from tests.index.made import new


async def test_a_label_is_in_the_state_log_with_its_plugin(
    services: HostServices, index: Index, tmp_path: Path
) -> None:
    host = services.host(Host("acme", tmp_path, RecordingLogger()))
    await index.add([new("1.1")])
    with pytest.raises(HostError, match="the archive is not open"):
        await host.labels.set("1.2.3", "urgent")
    store = MemoryStore()
    services.decide_by(Curation(store, store.name, index, now_us=lambda: NOW_US))
    assert await host.labels.set("1.2.3", "urgent")
    assert list(await host.labels.of("1.2.3")) == ["urgent"]
    assert await host.labels.remove("1.2.3", "urgent")
    records = [decode_record(line) for line in store.state_log.records]
    assert [(each.action, each.actor, each.value) for each in records] == [
        (Action.LABEL, "plugin:acme", "urgent"),
        (Action.UNLABEL, "plugin:acme", "urgent"),
    ]
    with pytest.raises(HostError, match="there is no such study"):
        await host.labels.set("9", "urgent")
    store.errors["append"] = StoreError(StoreFault.NO_SPACE, "test")
    with pytest.raises(HostError, match="no space left"):
        await host.labels.set("1.2.3", "urgent")
    assert list(await host.labels.of("1.2.3")) == []
