"""What plugins may ask of the daemon, once the archive is open."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

import orjson

from pacsd.api.audit import AuditNote, check_note
from pacsd.api.dispatch.provider import Provider
from pacsd.api.errors import Circular, HookError, NotProvided, StoreError
from pacsd.api.host import HostError, PluginJob
from pacsd.api.keys import Key, KeyMissing, check_name
from pacsd.api.plugin import Host
from pacsd.app.isolation.series import Series
from pacsd.app.plugins.adding import origin_of
from pacsd.app.plugins.instances import PluginsInstances
from pacsd.app.plugins.stored_instances import StoredInstances
from pacsd.archive.curation import Curation
from pacsd.archive.ingest import Ingest
from pacsd.archive.state_records import StateRecordError
from pacsd.index.errors import IndexFault, JobRefused, LabelRefused, PluginValueRefused
from pacsd.index.index import Index
from pacsd.index.job_records import Job, JobClass, NewJob
from pacsd.index.records import AuditEntry, Scope

JOB_KIND = "plugin"
MAX_PAYLOAD_BYTES = 60 * 1024
MAX_NAME_BYTES = 200
MAX_ATTEMPTS = 10

_ALL = Scope()
_REFUSALS = (
    IndexFault,
    JobRefused,
    LabelRefused,
    PluginValueRefused,
    StateRecordError,
    StoreError,
)

Part = TypeVar("Part")


class HostServices:
    """Gives plugins what they ask for while an index is open.

    `metrics` are what plugins count, by plugin.
    """

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._index: Index | None = None
        self._stored: StoredInstances | None = None
        self._ingest: Ingest | None = None
        self._curation: Curation | None = None
        self._keys: Provider[Key] | None = None
        self.metrics: dict[str, Series] = {}

    def open(self, index: Index, stored: StoredInstances | None = None) -> None:
        """From now on it can be asked for, and what is stored if that is given."""
        self._index, self._stored = index, stored

    def take_in(self, ingest: Ingest) -> None:
        """From now on plugins may add instances."""
        self._ingest = ingest

    def decide_by(self, curation: Curation) -> None:
        """From now on plugins may label studies."""
        self._curation = curation

    def give_keys(self, keys: Provider[Key]) -> None:
        """From now on plugins may ask for keys; the archive need not be open."""
        self._keys = keys

    def close(self) -> None:
        """From now on nothing can be asked for but keys."""
        self._index = self._stored = self._ingest = self._curation = None

    @property
    def stored(self) -> StoredInstances:
        """The instances there are.

        Raises:
            HostError: the archive is not open.
        """
        return _opened(self._stored)

    @property
    def ingest(self) -> Ingest:
        """The way in for others.

        Raises:
            HostError: the archive is not open, or no daemon serves it.
        """
        return _opened(self._ingest)

    @property
    def curation(self) -> Curation:
        """Who decides about what is stored.

        Raises:
            HostError: the archive is not open, or what a crash left over is still taken in.
        """
        return _opened(self._curation)

    @property
    def keys(self) -> Provider[Key]:
        """Who has keys.

        Raises:
            KeyMissing: plugins have not started up.
        """
        if self._keys is None:
            raise KeyMissing("keys are there once every plugin has started up, not before")
        return self._keys

    def values_of(self, plugin: str) -> "PluginsValues":
        """The key-value store of a plugin."""
        return PluginsValues(self, plugin)

    def jobs_of(self, plugin: str) -> "PluginsJobs":
        """The durable work of a plugin."""
        return PluginsJobs(self, plugin, self._now_us)

    def instances_of(self, plugin: str) -> PluginsInstances:
        """What a plugin reads of the archive, and adds."""
        return PluginsInstances(self, plugin, self._now_us)

    def keys_of(self, plugin: str) -> "PluginsKeys":
        """What a plugin is given of the keys of others."""
        return PluginsKeys(self, plugin)

    def metrics_of(self, plugin: str) -> Series:
        """What a plugin counts."""
        return self.metrics.setdefault(plugin, Series())

    def host(self, bare: Host) -> Host:
        """A plugin's Host that asks here."""
        name = bare.name
        return replace(
            bare,
            values=self.values_of(name),
            jobs=self.jobs_of(name),
            instances=self.instances_of(name),
            labels=PluginsLabels(self, name),
            audit=PluginsAudit(self, name),
            keys=self.keys_of(name),
            metrics=self.metrics_of(name),
        )

    @contextmanager
    def asked(self) -> Iterator[Index]:
        """Ask the index.

        Raises:
            HostError: it is not open, or what is asked cannot be.
        """
        index = _opened(self._index)
        try:
            yield index
        except _REFUSALS as error:
            raise HostError(str(error)) from error


class PluginsValues:
    """The port `Values` of one plugin."""

    def __init__(self, services: HostServices, plugin: str) -> None:
        self._services = services
        self._plugin = plugin

    async def get(self, key: str, /) -> bytes | None:
        """The value under a key."""
        with self._services.asked() as index:
            return await index.plugin_values.get(_ALL, self._plugin, key)

    async def put(self, key: str, value: bytes, /) -> None:
        """Keep a value."""
        with self._services.asked() as index:
            await index.plugin_values.put(_ALL, self._plugin, key, value)

    async def put_if_equal(self, key: str, value: bytes, expected: bytes | None, /) -> bool:
        """Keep a value if the one there now is the expected one."""
        with self._services.asked() as index:
            values = index.plugin_values
            return await values.put_if_equal(_ALL, self._plugin, key, value, expected)

    async def delete(self, key: str, /) -> bool:
        """Keep nothing under a key."""
        with self._services.asked() as index:
            return await index.plugin_values.delete(_ALL, self._plugin, key)

    async def keys(self, prefix: str = "", after: str = "", /) -> Sequence[str]:
        """Keys that begin so, in their order."""
        with self._services.asked() as index:
            return await index.plugin_values.keys(_ALL, self._plugin, prefix, after)


class PluginsJobs:
    """The port `Jobs` of one plugin; its jobs wait in a queue of its own."""

    def __init__(self, services: HostServices, plugin: str, now_us: Callable[[], int]) -> None:
        self._services = services
        self._plugin = plugin
        self._now_us = now_us

    async def enqueue(
        self, name: str, payload: str = "", /, *, unique_key: str = "", after_s: float = 0.0
    ) -> int:
        """Add a job."""
        _check_size("name", name, MAX_NAME_BYTES)
        _check_size("payload", payload, MAX_PAYLOAD_BYTES)
        with self._services.asked() as index:
            job = NewJob(
                kind=JOB_KIND,
                queue=queue_of(self._plugin),
                payload=orjson.dumps({"name": name, "payload": payload}).decode(),
                priority=JobClass.AI,
                unique_key=f"{name} {unique_key}" if unique_key else "",
                max_attempts=MAX_ATTEMPTS,
                not_before_us=self._now_us() + int(after_s * 1_000_000) if after_s > 0 else 0,
                created_by=self._plugin,
            )
            [number] = await index.jobs.add([job])
            return number


class PluginsLabels:
    """The port `Labels`, for one plugin: who it is, the state log has with each label."""

    def __init__(self, services: HostServices, plugin: str) -> None:
        self._services = services
        self._actor = origin_of(plugin)

    async def set(self, study_uid: str, label: str, /) -> bool:
        """Put a label on a study."""
        with self._services.asked():
            curation = self._services.curation
            return await curation.label(_ALL, study_uid, label, self._actor)

    async def remove(self, study_uid: str, label: str, /) -> bool:
        """Take a label off a study."""
        with self._services.asked():
            curation = self._services.curation
            return await curation.unlabel(_ALL, study_uid, label, self._actor)

    async def of(self, study_uid: str, /) -> Sequence[str]:
        """The labels of a study."""
        with self._services.asked() as index:
            return await index.labels.of(_ALL, study_uid)


class PluginsAudit:
    """The port `Audit` of one plugin, which is the actor of all it adds."""

    def __init__(self, services: HostServices, plugin: str) -> None:
        self._services = services
        self._actor = origin_of(plugin)

    async def append(self, note: AuditNote, /) -> None:
        """Add a row."""
        check_note(note)
        with self._services.asked() as index:
            entry = AuditEntry(
                self._actor,
                note.action,
                note.outcome,
                note.study_instance_uid,
                detail=note.detail,
            )
            await index.audit(_ALL, entry)


class PluginsKeys:
    """The port `Keys` of one plugin."""

    def __init__(self, services: HostServices, plugin: str) -> None:
        self._services = services
        self._plugin = plugin

    async def get(self, name: str, /) -> Key:
        """The key of this name."""
        check_name(name)
        try:
            provider, key = await self._services.keys.found(name)
        except (NotProvided, Circular) as error:
            raise KeyMissing(f"key '{name}': {error.explanation}") from error
        except HookError as error:
            raise KeyMissing(f"key '{name}': {error}") from error
        if provider == self._plugin:
            raise KeyMissing(f"key '{name}': plugin {provider} provides it itself")
        return key


def _opened(part: Part | None) -> Part:
    if part is None:
        raise HostError("the archive is not open: neither before startup has ended, nor later")
    return part


def queue_of(plugin: str) -> str:
    """The queue in which a plugin's jobs wait."""
    return f"plugin:{plugin}"


def plugin_of(job: Job) -> str:
    """Whose job it is."""
    return job.queue.removeprefix("plugin:")


def plugin_job(job: Job) -> PluginJob:
    """A job as its plugin is told.

    Raises:
        ValueError: `PluginsJobs` has not made it.
    """
    facts = orjson.loads(job.payload)
    if not isinstance(facts, dict):
        raise ValueError("payload: is no object")  # noqa: TRY004 - a value that was read
    return PluginJob(job.id, str(facts["name"]), str(facts["payload"]), job.attempts)


def _check_size(field: str, text: str, limit: int) -> None:
    size = len(text.encode(errors="surrogatepass"))
    if size > limit:
        raise HostError(f"{field}: {size} bytes are more than {limit}")
