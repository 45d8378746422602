"""The hooks as the core calls them: one attribute each, of its kind."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pacsd.api import hooks
from pacsd.api.acceptance import Refusal
from pacsd.api.access import NotRecognized, Principal, Restriction
from pacsd.api.ai import AiFindings, AiResults, Prefetch, RunModel
from pacsd.api.ai_runner import AiRunner
from pacsd.api.coercion import Coercion
from pacsd.api.commands import CommandAnswer, PluginCommand
from pacsd.api.dispatch.all_asked import Collect, Notify, Vote
from pacsd.api.dispatch.asked_alone import AskedAlone
from pacsd.api.dispatch.durable import Durable
from pacsd.api.dispatch.in_turn import First, Passage
from pacsd.api.dispatch.lineup import Lineup
from pacsd.api.dispatch.panel import OnAnswer, OnError, Panel
from pacsd.api.dispatch.provider import Provider
from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError
from pacsd.api.events import EventKind
from pacsd.api.health import Health
from pacsd.api.http import HttpResponse, HttpRoute
from pacsd.api.keys import KEPT_S, Key
from pacsd.api.query_results import QueryResults
from pacsd.api.receiving import NotAccepted, ReceivedInstance, StoreChoice
from pacsd.api.route_target import RouteTarget
from pacsd.api.routing import HeaderWanted, Route, RouteTrial, RulesRefused
from pacsd.api.store import BlobStore
from pacsd.api.transcoder import Transcoder
from pacsd.api.vote import Deny
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
    query_results: Passage[QueryResults, QueryResults]
    instance_received: Passage[ReceivedInstance, EntryAnswer]
    choose_store: First[StoreChoice | str | NotAccepted]
    before_delete: Vote
    events: Durable[EventKind]
    job: Durable[None]
    http_routes: Collect[tuple[HttpRoute, ...]]
    http_request: AskedAlone[HttpResponse]
    route: AskedAlone[tuple[Route, ...] | HeaderWanted]
    route_trial: AskedAlone[RouteTrial | HeaderWanted | RulesRefused]
    route_target: Provider[RouteTarget]
    coercion: Provider[Coercion]
    delivered: Notify
    transcoder: Provider[Transcoder]
    prefetch: AskedAlone[Prefetch]
    infer: AskedAlone[AiFindings | RunModel]
    ai_runner: Provider[AiRunner]
    persist: AskedAlone[AiResults]
    commands: Collect[tuple[PluginCommand, ...]]
    command: AskedAlone[CommandAnswer]
    audit: Notify
    key: Provider[Key]
    blob_store: Provider[BlobStore]
    config_changed: Notify
    health: Collect[Health]
    panels: Mapping[str, Panel[Any]]

    def replace(self, homes: Mapping[str, Home], gone: Container[str]) -> dict[str, Lineup]:
        """Have these plugins asked from now on, all hooks in one step; who was asked before.

        What those that are `gone` have provided is asked for again, and every key.
        """
        self.route_target.forget(gone)
        self.coercion.forget(gone)
        self.ai_runner.forget(gone)
        self.transcoder.forget(gone)
        self.key.forget(self.key.plugins)
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
    homes: Mapping[str, Home],
    tally: Tally,
    on_error: OnError,
    on_answer: OnAnswer | None = None,
) -> Hooks:
    """The hooks of plugins that have started."""
    panels: dict[str, Panel[Any]] = {
        hook: Panel(
            hooks.hook_facts(hook),
            implementations(homes, hook),
            tally,
            on_error,
            fits_of(hook),
            on_answer,
        )
        for hook in hooks.HOOKS
    }

    def panel(hook: str) -> Panel[Any]:
        return panels[hook]

    blob_store: Provider[BlobStore] = Provider(panel("pacsd_blob_store"), notes_needs=True)
    blob_store.give({"stores": blob_store})
    return Hooks(
        association_requested=First(panel("pacsd_association_requested"), _refused_for_now),
        association_closed=Notify(panel("pacsd_association_closed")),
        authenticate=First(panel("pacsd_authenticate"), _not_recognized_now),
        authorize=Vote(panel("pacsd_authorize"), Deny("no plugin allows it")),
        restrict_query=Collect(panel("pacsd_restrict_query")),
        query_results=Passage(panel("pacsd_query_results"), "results", _with_matches),
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
        route_trial=AskedAlone(panel("pacsd_route_trial")),
        route_target=Provider(panel("pacsd_route_target")),
        coercion=Provider(panel("pacsd_coercion")),
        delivered=Notify(panel("pacsd_delivered")),
        transcoder=Provider(panel("pacsd_transcoder")),
        prefetch=AskedAlone(panel("pacsd_prefetch")),
        infer=AskedAlone(panel("pacsd_infer")),
        ai_runner=Provider(panel("pacsd_ai_runner")),
        persist=AskedAlone(panel("pacsd_persist")),
        commands=Collect(panel("pacsd_commands")),
        command=AskedAlone(panel("pacsd_command")),
        audit=Notify(panel("pacsd_audit")),
        key=Provider(panel("pacsd_key"), kept_s=KEPT_S),
        blob_store=blob_store,
        config_changed=Notify(panel("pacsd_config_changed")),
        health=Collect(panel("pacsd_health")),
        panels=panels,
    )


def _with_matches(results: QueryResults, answer: QueryResults) -> QueryResults:
    """The page as the next one is asked about it: who asks for what, no answer changes."""
    return replace(results, matches=answer.matches)


def _refused_for_now(error: HookError) -> Refusal:
    return Refusal(*_TRANSIENT, explanation=str(error))


def _not_chosen_now(_: HookError) -> NotAccepted:
    return NotAccepted(Status.OUT_OF_RESOURCES, NOT_DECIDED)


def _not_recognized_now(error: HookError) -> NotRecognized:
    return NotRecognized(str(error))
