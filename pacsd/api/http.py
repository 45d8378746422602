"""Requests over HTTP that a plugin answers, below `/plugins/NAME/`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pacsd.api.access import Principal

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MAX_ROUTES = 64
"""Of one plugin."""
MAX_BODY_BYTES = 1024 * 1024
"""Of a request, and of an answer."""


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """Something that a plugin answers: who answers GET answers HEAD.

    `path` is that below `/plugins/NAME`, such as `/studies/{study}/report`; what stands in braces
    is any one segment, given to the plugin by its name. `summary` is for the OpenAPI document.
    """

    method: str
    path: str
    summary: str


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request; `path` is that of the route, `variables` are what stands for its braces.

    `headers` are without secrets, and without those that are between the client and the daemon.
    Names of headers are in lower case; a name may be there twice, in `query` as well. `principal`
    is who asks; its name is '' where nobody logs in.
    """

    method: str
    path: str
    variables: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    body: bytes
    principal: Principal
    peer_host: str


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer. `headers` are the plugin's own; those of the connection are the daemon's."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
