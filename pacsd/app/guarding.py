"""Who is asked who somebody is, what it may do and what it sees, at both doors."""

import time

from pacsd.app.audit_sink import AuditSink
from pacsd.app.plugins import callers
from pacsd.app.plugins.hooks import Hooks
from pacsd.net.permissions import Logins, Permissions, Sights
from pacsd.net.web.guard import Guard


def make_guard(hooks: Hooks, sink: AuditSink | None = None) -> Guard:
    """What the plugins that are enabled say; nothing is asked that none of them answers.

    `sink` is told of refusals.
    """
    authenticate, authorize = callers.authenticate(hooks), callers.authorize(hooks)
    restrict = callers.restrict_query(hooks)
    refused = _nobody if sink is None else sink.login_refused
    denied = _nobody if sink is None else sink.access_denied
    return Guard(
        Logins(authenticate, time.monotonic, refused) if authenticate is not None else None,
        Permissions(authorize, time.monotonic, denied) if authorize is not None else None,
        Sights(restrict, time.monotonic) if restrict is not None else None,
    )


def _nobody(_: object, _why: str) -> None:
    """Nobody wants to know."""
