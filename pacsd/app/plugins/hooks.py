"""The hooks as the core calls them: one attribute each, of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import pluggy

from pacsd.api import hooks
from pacsd.api.acceptance import Refusal
from pacsd.api.access import NotRecognized, Principal
from pacsd.api.dispatch.all_asked import Notify, Vote
from pacsd.api.dispatch.durable import Durable
from pacsd.api.dispatch.freezing import Elsewhere, Plain, freeze
from pacsd.api.dispatch.in_turn import First
from pacsd.api.dispatch.panel import OnError, Panel
from pacsd.api.dispatch.provider import Provider
from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError, PluginError
from pacsd.api.events import EventKind
from pacsd.api.hook_facts import PROJECT
from pacsd.api.receiving import NotAccepted
from pacsd.api.store import BlobStore
from pacsd.dicom.status import Status

THREADS_PER_PLUGIN = 4

# Rejected-transient, by the service user, no reason given (PS3.8 table 9-21): ask again later.
_TRANSIENT = (2, 1, 1)
_NOT_ASKED = "Could not be decided now: try again"


@dataclass(frozen=True, slots=True)
class Hooks:
    """The hooks as the core calls them; `events` are five, one of each kind of event."""

    association_requested: First[Refusal]
    association_closed: Notify
    authenticate: First[Principal | NotRecognized]
    authorize: Vote
    instance_received: First[NotAccepted]
    before_delete: Vote
    events: Durable[EventKind]
    job: Durable[None]
    blob_store: Provider[BlobStore]


def registered(plugins: Mapping[str, object]) -> pluggy.PluginManager:
    """The plugins, their implementations validated against the specifications.

    Raises:
        PluginError: a hook is misspelt, or has parameters that the specification does not know.
    """
    manager = pluggy.PluginManager(PROJECT)
    for module in hooks.SPECIFICATIONS:
        manager.add_hookspecs(module)
    for name, plugin in plugins.items():
        try:
            manager.register(plugin, name)
            # Misspelt hooks pass until somebody asks for what is pending.
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(name, str(error)) from error
    return manager


def make_hooks(manager: pluggy.PluginManager, tally: Tally, on_error: OnError) -> Hooks:
    """Freeze what is registered.

    Raises:
        HookError: an implementation is a wrapper.
    """
    threads = _Threads()

    def panel(hook: str) -> Panel[Any]:
        implementations = freeze(manager, hook, threads.runs)
        return Panel(hooks.hook_facts(hook), implementations, tally, on_error)

    blob_store: Provider[BlobStore] = Provider(panel("pacsd_blob_store"))
    blob_store.give({"stores": blob_store})
    return Hooks(
        association_requested=First(panel("pacsd_association_requested"), _refused_for_now),
        association_closed=Notify(panel("pacsd_association_closed")),
        authenticate=First(panel("pacsd_authenticate"), _not_recognized_now),
        authorize=Vote(panel("pacsd_authorize")),
        instance_received=First(panel("pacsd_instance_received"), _not_accepted_now),
        before_delete=Vote(panel("pacsd_before_delete")),
        events=Durable({kind: panel(f"pacsd_{kind}") for kind in EventKind}),
        job=Durable({None: panel("pacsd_job")}),
        blob_store=blob_store,
    )


def _refused_for_now(error: HookError) -> Refusal:
    return Refusal(*_TRANSIENT, explanation=str(error))


def _not_recognized_now(error: HookError) -> NotRecognized:
    return NotRecognized(str(error))


def _not_accepted_now(_: HookError) -> NotAccepted:
    return NotAccepted(Status.OUT_OF_RESOURCES, _NOT_ASKED)


class _Threads:
    """Where plain functions run: a bounded number of threads for each plugin."""

    def __init__(self) -> None:
        self._limiters: dict[str, anyio.CapacityLimiter] = {}

    def runs(self, plugin: str, function: Plain) -> Elsewhere:
        """Make of a plain function one that is awaited; left behind when it is late."""
        limiter = self._limiters.setdefault(plugin, anyio.CapacityLimiter(THREADS_PER_PLUGIN))

        async def run(**arguments: object) -> object:
            named = partial(function, **arguments)
            return await anyio.to_thread.run_sync(named, limiter=limiter, abandon_on_cancel=True)

        return run
