"""Who is asked who somebody is and what somebody may do, at both doors."""

import time

from pacsd.app.plugins import callers
from pacsd.app.plugins.hooks import Hooks
from pacsd.net.permissions import Logins, Permissions
from pacsd.net.web.guard import Guard


def make_guard(hooks: Hooks) -> Guard:
    """What the plugins say that are enabled at the time; nothing is asked that none answers."""
    return Guard(
        Logins(callers.authenticate(hooks), time.monotonic),
        Permissions(callers.authorize(hooks), time.monotonic),
    )
