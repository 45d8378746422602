"""Who is asked who somebody is, what it may do, what it sees and is told, at both doors."""

import time

from pacsd.app.audit_sink import AuditSink
from pacsd.app.plugins import callers
from pacsd.app.plugins.hooks import Hooks
from pacsd.net.permissions import Logins, Permissions, Sights
from pacsd.net.results import Results
from pacsd.net.web.guard import Guard


def make_guard(hooks: Hooks, sink: AuditSink) -> Guard:
    """What the plugins say that are enabled at the time; nothing is asked that none answers.

    `sink` is told of refusals.
    """
    return Guard(
        Logins(callers.authenticate(hooks), time.monotonic, sink.login_refused),
        Permissions(callers.authorize(hooks), time.monotonic, sink.access_denied),
        Sights(callers.restrict_query(hooks), time.monotonic),
        Results(callers.query_results(hooks)),
    )
