"""Pages of other origins: which may read answers, and that none else may change anything.

Fetch standard, sections 3.2 (CORS protocol) and 3.1 (Origin header).
"""

from collections.abc import Mapping, Sequence

from aiohttp.web import BaseRequest

from pacsd.net.web.described_values import OF_ANSWER

_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Content-Type, If-None-Match, Last-Event-ID, Range",
    "Access-Control-Max-Age": "600",
}
_EXPOSED = ", ".join(OF_ANSWER)


class Cors:
    """Judges by the Origin header, which no page can forge."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def headers(self, request: BaseRequest) -> Mapping[str, str]:
        """What lets a page read the answer, if it may."""
        if not self._origins:
            return {}
        origin = request.headers.get("Origin", "")
        headers = {"Vary": "Origin"}
        if origin in self._origins:
            headers |= {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Expose-Headers": _EXPOSED,
                "Cross-Origin-Resource-Policy": "cross-origin",
            }
            if request.method == "OPTIONS":
                headers |= _PREFLIGHT
        return headers

    def is_foreign_change(self, request: BaseRequest) -> bool:
        """Whether a page of another origin wants to change something, by itself or a form."""
        if request.method not in _CHANGES:
            return False
        origin = request.headers.get("Origin")
        if origin is None:
            return request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}
        return origin not in self._origins and origin != f"{request.scheme}://{request.host}"


def is_preflight(request: BaseRequest) -> bool:
    """Whether a browser asks what a page may do, and not anybody what there is."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
