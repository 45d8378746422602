import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from pacsd.api.audit import AuditNote
from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.hooks import hookimpl
from pacsd.api.host import HostError, PluginJob
from pacsd.api.keys import Key
from pacsd.api.plugin import Host
from pacsd.app.plugins.services import (
    JOB_KIND,
    MAX_PAYLOAD_BYTES,
    HostServices,
    PluginsKeys,
    plugin_job,
    plugin_of,
)
from pacsd.archive.curation import Curation
from pacsd.archive.state_records import Action, decode_record
from pacsd.index.index import Index, open_index
from pacsd.index.job_records import FreePlaces
from pacsd.index.records import Scope
from pacsd.index.sqlite import Durability
from pacsd.testing.fake_host import RecordingLogger
from pacsd.testing.memory_store import MemoryStore
from tests.api.hookspecs.hooks_of import hooks_of
from tests.index.made import new

NOW_US = 1_000_000_000


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: NOW_US, durability=Durability.RELAXED) as opened:
        yield opened


@pytest.fixture
def services(index: Index) -> HostServices:
    made = HostServices(lambda: NOW_US)
    made.open(index)
    return made


async def test_each_plugin_has_values_of_its_own(services: HostServices) -> None:
    acme, other = services.values_of("acme"), services.values_of("other")
    await acme.put("a", b"1")
    await acme.put("b", b"2")
    assert (await acme.get("a"), await other.get("a")) == (b"1", None)
    assert list(await acme.keys()) == ["a", "b"]
    assert list(await acme.keys("", "a")) == ["b"]
    assert list(await acme.keys("b")) == ["b"]
    assert not await acme.put_if_equal("a", b"3", b"2")
    assert await acme.put_if_equal("a", b"3", b"1")
    assert await acme.get("a") == b"3"
    assert not await other.delete("a")
    assert await acme.delete("a")
    assert await acme.get("a") is None


async def test_a_plugins_job_comes_back_as_it_was_given(
    services: HostServices, index: Index
) -> None:
    number = await services.jobs_of("acme").enqueue("thumbnails", '{"study": "1.2"}')
    claimed = await index.jobs.claim([JOB_KIND], FreePlaces(1), 10, 60)
    [job] = claimed.jobs
    assert plugin_of(job) == "acme"
    assert plugin_job(job) == PluginJob(number, "thumbnails", '{"study": "1.2"}', attempt=1)


async def test_one_job_of_a_unique_key_is_open(services: HostServices) -> None:
    jobs = services.jobs_of("acme")
    first = await jobs.enqueue("thumbnails", unique_key="1.2")
    assert await jobs.enqueue("thumbnails", "again", unique_key="1.2") == first
    assert await jobs.enqueue("report", unique_key="1.2") != first
    assert await services.jobs_of("other").enqueue("thumbnails", unique_key="1.2") != first


async def test_it_begins_when_it_is_time(services: HostServices, index: Index) -> None:
    number = await services.jobs_of("acme").enqueue("later", after_s=2.5)
    [job] = await index.jobs.page(Scope())
    assert (job.id, job.not_before_us) == (number, NOW_US + 2_500_000)


async def test_what_is_too_long_is_refused(services: HostServices) -> None:
    with pytest.raises(HostError, match=r"payload: \d+ bytes are more than"):
        await services.jobs_of("acme").enqueue("big", "x" * (MAX_PAYLOAD_BYTES + 1))
    with pytest.raises(HostError, match="name: 201 bytes are more than 200"):
        await services.jobs_of("acme").enqueue("x" * 201)
    with pytest.raises(HostError, match="value: 65537 bytes are more than"):
        await services.values_of("acme").put("k", bytes(65_537))


async def test_it_can_be_asked_while_the_archive_is_open(services: HostServices) -> None:
    values = services.values_of("acme")
    services.close()
    with pytest.raises(HostError, match="the archive is not open"):
        await values.get("a")
    with pytest.raises(HostError, match="the archive is not open"):
        await services.jobs_of("acme").enqueue("x")


async def test_a_plugin_is_who_adds_to_the_trail(services: HostServices, tmp_path: Path) -> None:
    host = services.host(Host("acme", tmp_path, RecordingLogger()))
    await host.audit.append(AuditNote("send", "done", "1.2", "to research"))
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as connection:
        asked = "SELECT actor, action, outcome, study_instance_uid, detail FROM audit"
        rows = connection.execute(asked).fetchall()
    assert rows == [("plugin:acme", "send", "done", "1.2", "to research")]


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


async def test_what_a_plugin_counts_is_its_own(services: HostServices, tmp_path: Path) -> None:
    host = services.host(Host("acme", tmp_path, RecordingLogger()))
    host.metrics.count("sent")
    assert services.metrics["acme"].value("sent") == 1


class Vault:
    """Provides one key, which may be made of another."""

    def __init__(self, name: str, needs: str = "", keys: PluginsKeys | None = None) -> None:
        self.name = name
        self.needs = needs
        self.keys = keys

    @hookimpl
    async def pacsd_key(self, name: str) -> Key | None:
        if name != self.name:
            return None
        if self.keys is None:
            return Key("1", b"open sesame")
        return Key("2", (await self.keys.get(self.needs)).secret[::-1])


def give(services: HostServices, *vaults: Vault) -> None:
    services.give_keys(hooks_of(*vaults).key)


async def test_a_key_may_be_made_of_anothers(services: HostServices) -> None:
    master, data = Vault("master"), Vault("data", "master", services.keys_of("acme2"))
    give(services, master, data)
    assert await services.keys_of("user").get("data") == Key("2", b"emases nepo")


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("lost", "^key 'lost': no plugin provides 'lost'$"),
        ("twice", "^key 'twice': plugin acme2 and acme: pacsd_key: both provide 'twice', only"),
        ("round", "^key 'round': plugin acme3: .*'about'.*'round': each needs the next one: round"),
        ("own", "^key 'own': plugin acme5: .*: key 'own': each needs the next one: own -> own$"),
        ("failing", "^key 'failing': plugin acme6: .* KeyMissing: key 'lost': no plugin provides"),
    ],
)
async def test_p05_a_key_that_cannot_be_had_is_named_with_the_rule(
    services: HostServices, name: str, rule: str
) -> None:
    give(
        services,
        Vault("twice"),
        Vault("twice"),
        Vault("round", "about", services.keys_of("acme3")),
        Vault("about", "round", services.keys_of("acme4")),
        Vault("own", "own", services.keys_of("acme5")),
        Vault("failing", "lost", services.keys_of("acme6")),
    )
    with pytest.raises(HostError, match=rule):
        await services.keys_of("user").get(name)


async def test_a_plugin_does_not_ask_for_a_key_of_its_own(services: HostServices) -> None:
    give(services, Vault("door"))
    with pytest.raises(HostError, match="key 'door': plugin acme provides it itself"):
        await services.keys_of("acme").get("door")


async def test_keys_are_there_once_all_plugins_have_started_and_while_they_run() -> None:
    services = HostServices(lambda: NOW_US)
    with pytest.raises(HostError, match="once every plugin has started up, not before"):
        await services.keys_of("user").get("door")
    give(services, Vault("door"))
    services.close()
    assert (await services.keys_of("user").get("door")).key_id == "1"
