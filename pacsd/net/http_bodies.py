"""Bodies of requests, before a byte of them is read: what of them nobody here could read.

Nothing that was compressed is inflated: it would be as long as its sender likes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp.web import BaseRequest

MIN_VERSION_WITH_CODINGS = (1, 1)


@dataclass(frozen=True, slots=True)
class BodyFault:
    """Why a body is not read: the status that says so, a sentence, and headers."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


class BrokenBody(OSError):
    """What comes as a body is none in the grammar of HTTP."""


class SlowBody(OSError):
    """A body comes too slowly, or not at all."""


def body_fault(request: BaseRequest) -> BodyFault | None:
    """What hinders us to read the body of a request; None if nothing does."""
    return _transfer_fault(request) or _content_fault(request)


def _transfer_fault(request: BaseRequest) -> BodyFault | None:
    codings = _listed(request, "Transfer-Encoding")
    if codings and request.version < MIN_VERSION_WITH_CODINGS:
        # Who handed it on may have read another length (RFC 9112 section 6.1).
        return BodyFault(400, "Transfer-Encoding: HTTP/1.0 has none (RFC 9112 section 6.1)")
    if codings in ([], ["chunked"]):
        return None
    return BodyFault(501, "Transfer-Encoding: only chunked is read (RFC 9112 section 6.1)")


def _content_fault(request: BaseRequest) -> BodyFault | None:
    if {*_listed(request, "Content-Encoding")} <= {"identity"}:
        return None
    # RFC 9110 section 15.5.16 wants to be told so what is read.
    text = "Content-Encoding: only identity is read (RFC 9110 section 8.4)"
    return BodyFault(415, text, {"Accept-Encoding": "identity"})


def _listed(request: BaseRequest, name: str) -> list[str]:
    listed = ",".join(request.headers.getall(name, [])).split(",")
    return [each.strip().lower() for each in listed if each.strip()]
