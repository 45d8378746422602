"""The hooks as the core calls them: one attribute each, of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pacsd.api import hooks
from pacsd.api.acceptance import Refusal
from pacsd.api.access import NotRecognized, Principal
from pacsd.api.commands import CommandAnswer, PluginCommand
from pacsd.api.dispatch.all_asked import Collect, Notify, Vote
from pacsd.api.dispatch.durable import Durable
from pacsd.api.dispatch.in_turn import First
from pacsd.api.dispatch.owned import Owned
from pacsd.api.dispatch.panel import OnError, Panel
from pacsd.api.dispatch.provider import Provider
from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError
from pacsd.api.events import EventKind
from pacsd.api.http import HttpResponse, HttpRoute
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
    """The hooks as the core calls them; `events` are five, one of each kind of event."""

    association_requested: First[Refusal]
    association_closed: Notify
    authenticate: First[Principal | NotRecognized]
    authorize: Vote
    instance_received: First[NotAccepted]
    before_delete: Vote
    events: Durable[EventKind]
    job: Durable[None]
    http_routes: Collect[tuple[HttpRoute, ...]]
    http_request: Owned[HttpResponse | None]
    commands: Collect[tuple[PluginCommand, ...]]
    command: Owned[CommandAnswer | None]
    audit: Notify
    blob_store: Provider[BlobStore]


def make_hooks(homes: Mapping[str, Home], tally: Tally, on_error: OnError) -> Hooks:
    """The hooks of plugins that have started."""
    known = specifications()

    def panel(hook: str) -> Panel[Any]:
        facts, found = hooks.hook_facts(hook), implementations(homes, hook)
        return Panel(facts, found, tally, on_error, known[hook].encode_answer)

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
        http_routes=Collect(panel("pacsd_http_routes")),
        http_request=Owned(panel("pacsd_http_request")),
        commands=Collect(panel("pacsd_commands")),
        command=Owned(panel("pacsd_command")),
        audit=Notify(panel("pacsd_audit")),
        blob_store=blob_store,
    )


def _refused_for_now(error: HookError) -> Refusal:
    return Refusal(*_TRANSIENT, explanation=str(error))


def _not_recognized_now(error: HookError) -> NotRecognized:
    return NotRecognized(str(error))


def _not_accepted_now(_: HookError) -> NotAccepted:
    return NotAccepted(Status.OUT_OF_RESOURCES, _NOT_ASKED)
