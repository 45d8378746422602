"""The hooks as the core calls them: one attribute each, of its kind."""

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass
from typing import Any

from pacsd.api import hooks
from pacsd.api.acceptance import Refusal
from pacsd.api.access import NotRecognized, Principal, Restriction
from pacsd.api.ai import AiFindings, AiResults, Prefetch
from pacsd.api.commands import CommandAnswer, PluginCommand
from pacsd.api.dispatch.all_asked import Collect, Notify, Vote
from pacsd.api.dispatch.asked_alone import AskedAlone
from pacsd.api.dispatch.durable import Durable
from pacsd.api.dispatch.in_turn import First, Passage
from pacsd.api.dispatch.lineup import Lineup
from pacsd.api.dispatch.panel import OnError, Panel
from pacsd.api.dispatch.provider import Provider
from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError
from pacsd.api.events import EventKind
from pacsd.api.health import Health
from pacsd.api.http import HttpResponse, HttpRoute
from pacsd.api.receiving import NotAccepted, ReceivedInstance, StoreChoice
from pacsd.api.route_target import RouteTarget
from pacsd.api.routing import Route
from pacsd.api.store import BlobStore
from pacsd.app.isolation.home import Home
from pacsd.app.plugins.fitting import fits_of
from pacsd.app.plugins.implementations import implementations
from pacsd.archive.entry import Answer as EntryAnswer
from pacsd.archive.entry import coerced
from pacsd.dicom.status import Status

# Rejected-transient, by the service user, no reason given (PS3.8 table 9-21): ask again later.
_TRANSIENT = (2, 1, 1)

NOT_DECIDED = "Could not be decided now: try again"
"""For the sender of an instance (Error Comment); the log says more."""


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
    restrict_query: Collect[Restriction]
    instance_received: Passage[ReceivedInstance, EntryAnswer]
    choose_store: First[StoreChoice | str | NotAccepted]
    before_delete: Vote
    events: Durable[EventKind]
    job: Durable[None]
    http_routes: Collect[tuple[HttpRoute, ...]]
    http_request: AskedAlone[HttpResponse]
    route: AskedAlone[tuple[Route, ...]]
    route_target: Provider[RouteTarget]
    delivered: Notify
    prefetch: AskedAlone[Prefetch]
    infer: AskedAlone[AiFindings]
    persist: AskedAlone[AiResults]
    commands: Collect[tuple[PluginCommand, ...]]
    command: AskedAlone[CommandAnswer]
    audit: Notify
    blob_store: Provider[BlobStore]
    config_changed: Notify
    health: Collect[Health]
    panels: Mapping[str, Panel[Any]]

    def replace(self, homes: Mapping[str, Home], gone: Container[str]) -> dict[str, Lineup]:
        """Have these plugins asked from now on, all hooks in one step; who was asked before.

        What those that are `gone` have provided is asked for again.
        """
        self.route_target.forget(gone)
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


def make_hooks(
    homes: Mapping[str, Home], tally: Tally, on_error: OnError, stores: Collection[str] = ()
) -> Hooks:
    """The hooks of plugins that have started; `stores` are the names of those to choose from."""
    panels: dict[str, Panel[Any]] = {
        hook: Panel(
            hooks.hook_facts(hook),
            implementations(homes, hook),
            tally,
            on_error,
            fits_of(hook, stores),
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
        restrict_query=Collect(panel("pacsd_restrict_query")),
        instance_received=Passage(
            panel("pacsd_instance_received"), "instance", coerced, NotAccepted
        ),
        choose_store=First(panel("pacsd_choose_store"), _not_chosen_now),
        before_delete=Vote(panel("pacsd_before_delete")),
        events=Durable({kind: panel(f"pacsd_{kind}") for kind in EventKind}),
        job=Durable({None: panel("pacsd_job")}),
        http_routes=Collect(panel("pacsd_http_routes")),
        http_request=AskedAlone(panel("pacsd_http_request")),
        route=AskedAlone(panel("pacsd_route")),
        route_target=Provider(panel("pacsd_route_target")),
        delivered=Notify(panel("pacsd_delivered")),
        prefetch=AskedAlone(panel("pacsd_prefetch")),
        infer=AskedAlone(panel("pacsd_infer")),
        persist=AskedAlone(panel("pacsd_persist")),
        commands=Collect(panel("pacsd_commands")),
        command=AskedAlone(panel("pacsd_command")),
        audit=Notify(panel("pacsd_audit")),
        blob_store=blob_store,
        config_changed=Notify(panel("pacsd_config_changed")),
        health=Collect(panel("pacsd_health")),
        panels=panels,
    )


def _refused_for_now(error: HookError) -> Refusal:
    return Refusal(*_TRANSIENT, explanation=str(error))


def _not_chosen_now(_: HookError) -> NotAccepted:
    return NotAccepted(Status.OUT_OF_RESOURCES, NOT_DECIDED)


def _not_recognized_now(error: HookError) -> NotRecognized:
    return NotRecognized(str(error))
