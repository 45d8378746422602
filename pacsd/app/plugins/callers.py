"""The hooks as the rooms call them: plain functions, and None for a hook that nobody implements."""

from collections.abc import Awaitable, Callable

from pacsd.api.access import SightRequest
from pacsd.api.audit import AuditEvent
from pacsd.api.errors import HookError
from pacsd.api.receiving import NotAccepted, ReceivedInstance
from pacsd.app.plugins.hooks import Hooks
from pacsd.archive.admittance import Decide
from pacsd.archive.entry import Entry, decision
from pacsd.archive.removal import Ask
from pacsd.archive.sight import Sight, sight_of
from pacsd.dicom.status import Status
from pacsd.net.permissions import Authenticate, Authorize, Restrict
from pacsd.net.scp import AcceptanceHook, ClosedHook

_NOT_ASKED = "Could not be decided now: try again"


def association_requested(hooks: Hooks) -> AcceptanceHook | None:
    """Who decides whether an association may be opened."""
    hook = hooks.association_requested
    return (lambda request: hook(request=request)) if hook.is_implemented else None


def association_closed(hooks: Hooks) -> ClosedHook | None:
    """Who wants to know that an association has ended."""
    hook = hooks.association_closed
    return (lambda closed: hook(closed=closed)) if hook.is_implemented else None


def authenticate(hooks: Hooks) -> Authenticate | None:
    """Who says who somebody is."""
    hook = hooks.authenticate
    return (lambda login: hook(login=login)) if hook.is_implemented else None


def authorize(hooks: Hooks) -> Authorize | None:
    """Who has a say in what somebody may do."""
    hook = hooks.authorize
    return (lambda request: hook(request=request)) if hook.is_implemented else None


def restrict_query(hooks: Hooks) -> Restrict | None:
    """Who says what somebody sees; None of it where one of them fails."""
    hook = hooks.restrict_query

    async def restrict(request: SightRequest) -> Sight | None:
        try:
            return sight_of(each for _, each in await hook(request=request))
        except HookError:  # the log has it
            return None

    return restrict if hook.is_implemented else None


def instance_received(hooks: Hooks) -> Decide | None:
    """Who decides whether and how an instance is taken in."""
    hook = hooks.instance_received

    async def decide(instance: ReceivedInstance) -> NotAccepted | Entry | None:
        try:
            return decision(await hook(instance))
        except HookError:  # the log has it
            return NotAccepted(Status.OUT_OF_RESOURCES, _NOT_ASKED)

    return decide if hook.is_implemented else None


def before_delete(hooks: Hooks) -> Ask | None:
    """Who may object to a deletion."""
    hook = hooks.before_delete
    return (lambda request: hook(request=request)) if hook.is_implemented else None


def audit(hooks: Hooks) -> Callable[[AuditEvent], Awaitable[None]] | None:
    """Who wants to be told what the audit trail says."""
    hook = hooks.audit
    return (lambda event: hook(event=event)) if hook.is_implemented else None
