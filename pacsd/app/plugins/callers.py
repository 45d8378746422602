"""The hooks as the rooms call them: who is asked now; None as long as nobody implements a hook.

A reload may change that, so a room asks anew each time, and calls what it gets at once.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import structlog

from pacsd.api.access import SightRequest
from pacsd.api.audit import AuditEvent
from pacsd.api.errors import HookError
from pacsd.api.query_results import QueryResults
from pacsd.api.receiving import NotAccepted, ReceivedInstance, StoreChoice
from pacsd.app.plugins.hooks import NOT_DECIDED, Hooks
from pacsd.archive.admittance import Choose, Decide
from pacsd.archive.entry import Entry, decision
from pacsd.archive.removal import Ask
from pacsd.archive.sight import Sight, sight_of
from pacsd.dicom.status import Status
from pacsd.net.permissions import Authenticate, Authorize, Restrict
from pacsd.net.results import Change
from pacsd.net.scp import AcceptanceHook, ClosedHook

_log = structlog.get_logger("pacsd.store")

Asked = TypeVar("Asked")


class Implemented(Protocol):
    """A hook of any kind."""

    @property
    def is_implemented(self) -> bool:
        """Whether a plugin implements it now."""


def association_requested(hooks: Hooks) -> Callable[[], AcceptanceHook | None]:
    """Who decides whether an association may be opened."""
    hook = hooks.association_requested
    return _now(hook, lambda request: hook(request=request))


def association_closed(hooks: Hooks) -> Callable[[], ClosedHook | None]:
    """Who wants to know that an association has ended."""
    hook = hooks.association_closed
    return _now(hook, lambda closed: hook(closed=closed))


def authenticate(hooks: Hooks) -> Callable[[], Authenticate | None]:
    """Who says who somebody is."""
    hook = hooks.authenticate
    return _now(hook, lambda login: hook(login=login))


def authorize(hooks: Hooks) -> Callable[[], Authorize | None]:
    """Who has a say in what somebody may do."""
    hook = hooks.authorize
    return _now(hook, lambda request: hook(request=request))


def restrict_query(hooks: Hooks) -> Callable[[], Restrict | None]:
    """Who says what somebody sees; None of it where one of them fails."""
    hook = hooks.restrict_query

    async def restrict(request: SightRequest) -> Sight | None:
        try:
            return sight_of(each for _, each in await hook(request=request))
        except HookError:  # the log has it
            return None

    return _now(hook, restrict)


def query_results(hooks: Hooks) -> Callable[[], Change | None]:
    """Who changes what a query tells; None of it where one of them fails."""
    hook = hooks.query_results

    async def change(results: QueryResults) -> QueryResults | None:
        try:
            answers = await hook(results)
        except HookError:  # the log has it
            return None
        return answers[-1][1] if answers else results

    return _now(hook, change)


def instance_received(hooks: Hooks) -> Callable[[], Decide | None]:
    """Who decides whether and how an instance is taken in."""
    hook = hooks.instance_received

    async def decide(instance: ReceivedInstance) -> NotAccepted | Entry | None:
        try:
            return decision(await hook(instance))
        except HookError:  # the log has it
            return NotAccepted(Status.OUT_OF_RESOURCES, NOT_DECIDED)

    return _now(hook, decide)


def choose_store(hooks: Hooks, stores: Sequence[str]) -> Callable[[], Choose | None]:
    """Who says in which of these stores an instance is kept; nobody where there is one only."""
    hook, names = hooks.choose_store, tuple(stores)
    if len(names) == 1:
        return lambda: None

    async def choose(instance: ReceivedInstance) -> NotAccepted | str | None:
        chosen = await hook(instance=instance, stores=names)
        if not isinstance(chosen, StoreChoice):
            return chosen
        _log.debug(
            "a store was chosen for an instance",
            store=chosen.store,
            reason=chosen.reason,
            sop_instance_uid=instance.sop_instance_uid,
        )
        return chosen.store

    return _now(hook, choose)


def before_delete(hooks: Hooks) -> Callable[[], Ask | None]:
    """Who may object to a deletion."""
    hook = hooks.before_delete
    return _now(hook, lambda request: hook(request=request))


def audit(hooks: Hooks) -> Callable[[], Callable[[AuditEvent], Awaitable[None]] | None]:
    """Who wants to be told what the audit trail says."""
    hook = hooks.audit
    return _now(hook, lambda event: hook(event=event))


def _now(hook: Implemented, asked: Asked) -> Callable[[], Asked | None]:
    return lambda: asked if hook.is_implemented else None
