"""The hooks as the rooms call them: who is asked now; None as long as nobody implements a hook.

A reload may change that, so a room asks anew each time, and calls what it gets at once.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from pacsd.app.plugins.hooks import Hooks
from pacsd.archive.admittance import Decide
from pacsd.archive.removal import Ask
from pacsd.net.permissions import Authenticate, Authorize
from pacsd.net.scp import AcceptanceHook, ClosedHook

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


def instance_received(hooks: Hooks) -> Callable[[], Decide | None]:
    """Who decides whether an instance is taken in."""
    hook = hooks.instance_received
    return _now(hook, lambda instance: hook(instance=instance))


def before_delete(hooks: Hooks) -> Callable[[], Ask | None]:
    """Who may object to a deletion."""
    hook = hooks.before_delete
    return _now(hook, lambda request: hook(request=request))


def _now(hook: Implemented, asked: Asked) -> Callable[[], Asked | None]:
    return lambda: asked if hook.is_implemented else None
