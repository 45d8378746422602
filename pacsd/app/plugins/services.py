"""What plugins may ask of the daemon, once the archive is open."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TypeVar

from pacsd.api.dispatch.provider import Provider
from pacsd.api.host import HostError
from pacsd.api.keys import Key, KeyMissing
from pacsd.api.plugin import Host
from pacsd.app.isolation.series import Series
from pacsd.app.plugins.audit import PluginsAudit
from pacsd.app.plugins.index_asking import asking
from pacsd.app.plugins.instances import PluginsInstances
from pacsd.app.plugins.jobs import PluginsJobs
from pacsd.app.plugins.keys import PluginsKeys
from pacsd.app.plugins.labels import PluginsLabels
from pacsd.app.plugins.lending import Lending
from pacsd.app.plugins.stored_instances import StoredInstances
from pacsd.app.plugins.values import PluginsValues
from pacsd.archive.curation import Curation
from pacsd.archive.ingest import Ingest
from pacsd.index.index import Index

Part = TypeVar("Part")


class HostServices:
    """Gives plugins what they ask for while an index is open.

    `metrics` are what plugins count, by plugin; `lending` is what their targets are lent.
    """

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._index: Index | None = None
        self._stored: StoredInstances | None = None
        self._ingest: Ingest | None = None
        self._curation: Curation | None = None
        self._keys: Provider[Key] | None = None
        self.metrics: dict[str, Series] = {}
        self.lending = Lending()

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

    def values_of(self, plugin: str) -> PluginsValues:
        """The key-value store of a plugin."""
        return PluginsValues(self.asked, plugin)

    def jobs_of(self, plugin: str) -> PluginsJobs:
        """The durable work of a plugin."""
        return PluginsJobs(self.asked, plugin, self._now_us)

    def instances_of(self, plugin: str) -> PluginsInstances:
        """What a plugin reads of the archive, and adds."""
        return PluginsInstances(self, plugin, self._now_us)

    def keys_of(self, plugin: str) -> PluginsKeys:
        """What a plugin is given of the keys of others."""
        return PluginsKeys(lambda: self.keys, plugin)

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
            labels=PluginsLabels(self.asked, lambda: self.curation, name),
            audit=PluginsAudit(self.asked, name),
            keys=self.keys_of(name),
            metrics=self.metrics_of(name),
        )

    def asked(self) -> AbstractContextManager[Index]:
        """Ask the index.

        Raises:
            HostError: it is not open, or what is asked cannot be.
        """
        return asking(_opened(self._index))


def _opened(part: Part | None) -> Part:
    if part is None:
        raise HostError("the archive is not open: neither before startup has ended, nor later")
    return part
