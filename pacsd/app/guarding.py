"""Who is asked who somebody is, what it may do and what it sees, at both doors."""

import time

from pacsd.app.plugins import callers
from pacsd.app.plugins.hooks import Hooks
from pacsd.net.permissions import Logins, Permissions, Sights
from pacsd.net.web.guard import Guard


def make_guard(hooks: Hooks) -> Guard:
    """What the plugins that are enabled say; nothing is asked that none of them answers."""
    authenticate, authorize = callers.authenticate(hooks), callers.authorize(hooks)
    restrict = callers.restrict_query(hooks)
    return Guard(
        Logins(authenticate, time.monotonic) if authenticate is not None else None,
        Permissions(authorize, time.monotonic) if authorize is not None else None,
        Sights(restrict, time.monotonic) if restrict is not None else None,
    )
