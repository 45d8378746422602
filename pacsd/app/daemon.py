"""The life of the daemon: start, reload, stop; each step logged, none without an end."""

import gc
import resource
import signal
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import structlog
from anyio.abc import TaskGroup, TaskStatus

from pacsd import __version__
from pacsd.api.config_change import ConfigChange
from pacsd.app import logs, wiring
from pacsd.app.admin import unix_socket
from pacsd.app.admin.commands import NotReloaded, admin_commands
from pacsd.app.admin.records import Reloaded
from pacsd.app.admin.unix_socket import SOCKET_NAME, AdminSocket
from pacsd.app.conf.changed_keys import at_reload, changed_keys, keys_for_restart
from pacsd.app.conf.checks import Checked, listeners_outside, unsafe_keys
from pacsd.app.conf.errors import ConfigErrors
from pacsd.app.conf.settings import Config
from pacsd.app.opening import StartError, opened
from pacsd.app.plugins.hooks import Hooks
from pacsd.app.plugins.reloading import NotExchanged
from pacsd.app.plugins.surfaces import Surfaces, surfaces_of
from pacsd.app.signals import signals_taken
from pacsd.app.systemd import Notifier
from pacsd.app.wiring import Parts
from pacsd.net import http_connection
from pacsd.net.endpoint import Endpoint
from pacsd.net.listener import MAX_UNASSOCIATED
from pacsd.net.peers import PeerBook

OWN_DESCRIPTORS = 64
"""Listeners, locks, the store's directories, the event loop's own."""

KEPT_FREE_BYTES = 4 * 1024 * 1024
"""Blocks up to this long stay with the process when they are freed; see `_keep_freed_memory`."""

_log = structlog.get_logger("pacsd")

Runs = Callable[[Callable[[], None]], Coroutine[None, None, None]]
ReadAgain = Callable[[], Checked]


class Daemon:
    """One daemon from start to end. `read_again` reads the configuration once more for a reload."""

    def __init__(
        self, checked: Checked, data_dir: Path, read_again: ReadAgain, notifier: Notifier
    ) -> None:
        self._checked = checked
        self._data_dir = data_dir
        self._read_again = read_again
        self._notifier = notifier
        self._stop = anyio.Event()
        self._reload_wanted = anyio.Event()
        self._reloading = anyio.Lock()
        self._grace: anyio.CancelScope | None = None
        # A signal that comes while all is closed is taken as well, and means nothing any more.
        self._signalled = ExitStack()

    async def run(self, started: Callable[[], None] | None = None) -> None:
        """Serve until SIGTERM or SIGINT; a second one cuts the shutdown short.

        Raises:
            StartError, PluginError, HookError, ConfigErrors: it did not start.
        """
        with self._signalled:
            try:
                await self._run(started)
            finally:
                logs.flush()

    async def _run(self, started: Callable[[], None] | None) -> None:
        config = self._checked.config
        _keep_freed_memory()
        _raise_file_limit(descriptors_needed(config))
        _warn(config, self._checked.peers)
        async with opened(self._checked, self._data_dir) as archive:
            parts = wiring.build(self._checked, archive, await surfaces_of(archive.hooks))
            try:
                await self._serve(parts, started)
            except ExceptionGroup as group:
                refused, rest = group.split(StartError)
                if refused is None or rest is not None:
                    raise
                # A task group wraps even the one reason why it could not begin.
                raise refused.exceptions[0] from None
            finally:
                parts.ingest_log.tell_rest()

    async def _serve(self, parts: Parts, started: Callable[[], None] | None) -> None:
        async with anyio.create_task_group() as tasks:
            await tasks.start(self._signals)
            await _begin(tasks, "ingest", parts.ingest.run)
            if parts.http is not None:
                await _begin(tasks, "http.listen", parts.http.run)
            await _begin(tasks, "errands", parts.errands.run)
            await _begin(tasks, "data_dir", self._admin_socket(parts).run)
            await _begin(tasks, "dimse.listen", parts.listener.run)
            tasks.start_soon(self._watchdog, name="watchdog")
            tasks.start_soon(parts.ingest_log.run, name="ingest log")
            tasks.start_soon(parts.guests.run, name="guests")
            tasks.start_soon(parts.scrub.run, name="scrub")
            tasks.start_soon(parts.purge.run, name="purge")
            tasks.start_soon(parts.metadata.run, name="metadata")
            tasks.start_soon(parts.transcoding.run, name="transcoding")
            tasks.start_soon(parts.forgetting.run, name="forgetting of changes")
            tasks.start_soon(parts.reindexing.run, name="reindex")
            tasks.start_soon(parts.jobs.run, name="durable work")
            tasks.start_soon(parts.audit.run, name="audit trail told")
            tasks.start_soon(parts.plugin_health.run, name="health of plugins")
            tasks.start_soon(self._reloads, parts, name="reload")
            self._tell_started(parts)
            if started is not None:
                started()
            await self._stop.wait()
            await self._shut_down(parts)
            tasks.cancel_scope.cancel()

    def _tell_started(self, parts: Parts) -> None:
        # What start-up made stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        gc.enable()
        config = self._checked.config
        _log.info(
            "serving",
            version=__version__,
            dimse=[str(address) for address in parts.listener.addresses],
            http=str(parts.http.address) if parts.http else "off",
            ae_titles=[own.title for own in config.ae],
            peers=len(self._checked.peers),
            data_dir=str(self._data_dir),
        )
        self._notifier.ready()

    async def _shut_down(self, parts: Parts) -> None:
        """New associations are rejected, open ones finish within the grace, the rest is aborted."""
        self._notifier.stopping()
        settings = self._checked.config.dimse
        aborted = 0
        with anyio.CancelScope() as self._grace:
            aborted = await parts.listener.drain(
                settings.shutdown_grace_s, settings.shutdown_idle_s
            )
        if self._grace.cancelled_caught:
            aborted = await parts.listener.drain(0, settings.shutdown_idle_s)
        # What came last is still told of, and what is in hand may end: the index is open yet.
        await parts.jobs.stop()
        await parts.kept.close()
        _log.info("stopped", aborted_associations=aborted)

    def _admin_socket(self, parts: Parts) -> AdminSocket:
        def web() -> Endpoint | None:
            return parts.http.address if parts.http is not None else None

        commands = admin_commands(
            parts.recorder,
            parts.listener,
            reload=partial(self.reload, parts),
            web=web,
            stores=parts.ingest.troubles,
        )
        return AdminSocket(
            self._data_dir / SOCKET_NAME, {**commands, **parts.errands.commands, **parts.commands}
        )

    async def reload(self, parts: Parts) -> Reloaded:
        """Read peers and plugins again, and see which other settings would need a restart.

        Raises:
            NotReloaded: something is wrong; all stays as it was.
        """
        async with self._reloading:
            self._notifier.reloading()
            try:
                return await self._reload(parts)
            except NotReloaded as refused:
                for line in refused.problems:
                    _log.error("reload refused, all stays as it was", error=line)
                raise
            finally:
                self._notifier.ready()

    async def _reload(self, parts: Parts) -> Reloaded:
        exchange, running = parts.exchange, self._checked.config
        assert exchange is not None  # noqa: S101 - what a daemon has opened has one
        try:
            checked = await anyio.to_thread.run_sync(self._read_again)
        except ConfigErrors as errors:
            raise NotReloaded([str(error) for error in errors.errors]) from None
        config = at_reload(running, checked.config, exchange.pinned)

        async def prepare(hooks: Hooks) -> Callable[[], None]:
            return partial(take_over, await surfaces_of(hooks))

        def take_over(surfaces: Surfaces) -> None:
            parts.surfaces.take(surfaces)
            self._checked = replace(self._checked, config=config)
            parts.gatekeeper.peers = checked.peers.with_known(parts.gatekeeper.peers)
            parts.jobs.delivery.replace(parts.consumers())
            parts.guard.forget()
            parts.plugin_health.forget()
            parts.transcoding.refresh()

        try:
            exchanged = await exchange.exchange(config, checked.sources.error, prepare)
        except NotExchanged as refused:
            raise NotReloaded(refused.reasons) from None
        peers, keys = parts.gatekeeper.peers, keys_for_restart(config, checked.config)
        if keys:
            _log.warning("settings have changed that need a restart", keys=keys)
        _warn(config, peers)
        _log.info(
            "reloaded",
            peers=len(peers),
            plugins_started=len(exchanged.started),
            plugins_stopped=len(exchanged.stopped),
            plugins_kept=len(exchanged.kept),
        )
        change = ConfigChange(changed_keys(running, config), keys)
        await exchange.plugins.hooks.config_changed.tell(exchanged.kept, change=change)
        parts.plugin_health.forget()
        health = await parts.plugin_health.now()
        ill = {name: each.explanation for name, each in health.items() if not each.is_well}
        return Reloaded(keys, exchanged.started, exchanged.stopped, ill)

    async def _signals(self, *, task_status: TaskStatus[None]) -> None:
        wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        received = self._signalled.enter_context(signals_taken(*wanted))
        task_status.started()
        async for number in received:
            if number == signal.SIGHUP:
                self._reload_wanted.set()
            elif self._stop.is_set():
                if self._grace is not None:
                    self._grace.cancel()
            else:
                _log.info("stopping", signal=number.name)
                self._stop.set()

    async def _reloads(self, parts: Parts) -> None:
        """SIGHUPs one after the other; those that come during a reload make one more."""
        while True:
            await self._reload_wanted.wait()
            self._reload_wanted = anyio.Event()
            with suppress(NotReloaded):  # the log has it; nobody waits for an answer
                await self.reload(parts)

    async def _watchdog(self) -> None:
        """Tell systemd that the loop turns, twice as often as it wants to know."""
        interval_s = self._notifier.watchdog_interval_s
        while interval_s is not None:
            self._notifier.watchdog()
            await anyio.sleep(interval_s)


async def _begin(tasks: TaskGroup, key: str, run: Runs) -> None:
    """Start a part and wait until it works; `key` names the setting if it cannot.

    Raises:
        StartError: it cannot.
    """

    async def part(*, task_status: TaskStatus[None]) -> None:
        await run(task_status.started)

    try:
        await tasks.start(part, name=key)
    except OSError as error:
        raise StartError(f"{key}: {error.strerror or error}") from error


def descriptors_needed(config: Config) -> int:
    """The file descriptors that the settings may take: each object on its way in has one, too."""
    doors = MAX_UNASSOCIATED + http_connection.MAX_CONNECTIONS + unix_socket.MAX_CONNECTIONS
    return 2 * config.dimse.max_associations + doors + OWN_DESCRIPTORS


def _keep_freed_memory() -> None:
    """Have glibc keep what a data set's buffers took, for the next ones.

    It gives the end of a heap back to the system above twice the longest block that was ever mapped
    by itself and freed, and each page that is had again costs a fault: a hundred for a slice of a
    CT, a third of what it costs to send it. So one such block is freed here.
    """
    block = bytearray(KEPT_FREE_BYTES)
    del block


def _raise_file_limit(needed: int) -> None:
    """Use as many file descriptors as the system lets us have; say if they may not do."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < needed:
        _log.warning(
            "too few file descriptors for the settings: raise LimitNOFILE (ulimit -n)",
            allowed=hard,
            needed=needed,
        )


def _warn(config: Config, peers: PeerBook) -> None:
    """Say what is allowed but dangerous, and who cannot call."""
    for key in unsafe_keys(config):
        _log.warning("unsafe setting in force", key=key)
    outside = listeners_outside(config)
    if outside:
        _log.warning("listening beyond loopback, without TLS", addresses=outside)
    for host in peers.unresolved:
        _log.warning("a peer's host does not resolve: it cannot call us", host=host)
