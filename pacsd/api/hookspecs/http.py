"""Hooks about requests over HTTP."""

from pacsd.api.hook_facts import Kind, Policy, specification
from pacsd.api.http import HttpRequest, HttpResponse, HttpRoute


@specification(Kind.COLLECT, Policy.CLOSED, deadline_s=10, since="0.1", answers=(tuple,))
def pacsd_http_routes() -> tuple[HttpRoute, ...] | None:
    """Say which requests below `/plugins/NAME/` this plugin answers, NAME being its own.

    Asked once, when the daemon starts. Two routes that are the same, one that is none, more than 64
    and routes of a plugin without `pacsd_http_request` keep the daemon from starting.

    Returns:
        The routes, or None.
    """


@specification(Kind.OWNER, Policy.CLOSED, deadline_s=30, since="0.1", answers=(HttpResponse,))
def pacsd_http_request(request: HttpRequest) -> HttpResponse | None:
    """Answer a request to one of this plugin's routes.

    Who asks has passed the same doors as for DICOMweb: `pacsd_authenticate`, and `pacsd_authorize`
    with the action `use a plugin`. A body has 1 MiB at most. Whoever raises or answers what is no
    response is told of as 502, whoever is late as 504.

    Args:
        request: what is asked, by whom.

    Returns:
        The answer; None is 404.
    """
