"""The hooks as the core calls them: one attribute each, of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pacsd.api import hooks
from pacsd.api.acceptance import Refusal
from pacsd.api.access import NotRecognized, Principal
from pacsd.api.dispatch.all_asked import Collect, Notify, Vote
from pacsd.api.dispatch.durable import Durable
from pacsd.api.dispatch.in_turn import First
from pacsd.api.dispatch.lineup import Lineup
from pacsd.api.dispatch.panel import OnError, Panel
from pacsd.api.dispatch.provider import Provider
from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError
from pacsd.api.events import EventKind
from pacsd.api.health import Health
from pacsd.api.receiving import NotAccepted
from pacsd.api.store import BlobStore
from pacsd.app.isolation.home import Home
from pacsd.app.isolation.specifications import specifications
from pacsd.app.plugins.implementations import implementations
from pacsd.dicom.status import Status

# Rejected-transient, by the service user, no reason given (PS3.8 table 9-21): ask again later.
_TRANSIENT = (2, 1, 1)
_NOT_ASKED = "Could not be decided now: try again"


@dataclass(frozen=True, slots=True)
class Hooks:
    """The hooks as the core calls them; `events` are five, one of each kind of event.

    They stay as long as the daemon runs: who implements them may change (`replace`). `panels` are
    the same, by the names of the hooks.
    """

    association_requested: First[Refusal]
    association_closed: Notify
    authenticate: First[Principal | NotRecognized]
    authorize: Vote
    instance_received: First[NotAccepted]
    before_delete: Vote
    events: Durable[EventKind]
    job: Durable[None]
    blob_store: Provider[BlobStore]
    config_changed: Notify
    health: Collect[Health]
    panels: Mapping[str, Panel[Any]]

    def replace(self, homes: Mapping[str, Home]) -> dict[str, Lineup]:
        """Have these plugins asked from now on, all hooks in one step; who was asked before."""
        found = {hook: implementations(homes, hook) for hook in self.panels}
        return {hook: panel.replace(found[hook]) for hook, panel in self.panels.items()}

    @property
    def implemented(self) -> set[tuple[str, str]]:
        """What is implemented now, by hook and plugin."""
        return {
            (hook, member.implementation.plugin)
            for hook, panel in self.panels.items()
            for member in panel.lineup.members
        }


def make_hooks(homes: Mapping[str, Home], tally: Tally, on_error: OnError) -> Hooks:
    """The hooks of plugins that have started."""
    known = specifications()
    panels: dict[str, Panel[Any]] = {
        hook: Panel(
            hooks.hook_facts(hook),
            implementations(homes, hook),
            tally,
            on_error,
            known[hook].encode_answer,
        )
        for hook in hooks.HOOKS
    }

    def panel(hook: str) -> Panel[Any]:
        return panels[hook]

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
        config_changed=Notify(panel("pacsd_config_changed")),
        health=Collect(panel("pacsd_health")),
        panels=panels,
    )


def _refused_for_now(error: HookError) -> Refusal:
    return Refusal(*_TRANSIENT, explanation=str(error))


def _not_recognized_now(error: HookError) -> NotRecognized:
    return NotRecognized(str(error))


def _not_accepted_now(_: HookError) -> NotAccepted:
    return NotAccepted(Status.OUT_OF_RESOURCES, _NOT_ASKED)
