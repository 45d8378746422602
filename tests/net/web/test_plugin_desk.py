from collections.abc import Awaitable, Callable

import pytest

from pacsd.api.access import AccessRequest, Login, NotRecognized, Principal
from pacsd.api.errors import HookError
from pacsd.api.http import MAX_BODY_BYTES, HttpRequest, HttpResponse, HttpRoute
from pacsd.api.vote import Deny
from pacsd.net.permissions import Logins, Permissions
from pacsd.net.web.desk import Terms
from pacsd.net.web.guard import Guard
from pacsd.net.web.listener_desk import ListenerDesk
from pacsd.net.web.plugin_desk import PluginDesk
from pacsd.net.web.plugin_routes import ROOT, PluginRoute, RouteTable
from tests.net.web.beside import Answer, listening

TABLE = RouteTable(
    PluginRoute("acme", HttpRoute(method, path, "A route"))
    for method, path in (("GET", "/studies/{study}"), ("POST", "/studies/{study}"), ("GET", "/x"))
)
DOE = {"Authorization": "Bearer doe"}


class Acme:
    """Answers what it is told to."""

    def __init__(self, answer: HttpResponse | HookError | None) -> None:
        self.answer = answer
        self.asked: list[HttpRequest] = []

    async def ask(self, plugin: str, request: HttpRequest) -> HttpResponse | None:
        assert plugin == "acme"
        self.asked.append(request)
        if isinstance(self.answer, HookError):
            raise self.answer
        return self.answer


async def asked(
    acme: Acme,
    method: str = "GET",
    path: str = "/plugins/acme/x",
    *,
    terms: Terms | None = None,
    headers: dict[str, str] | None = None,
    data: bytes | None = None,
) -> Answer:
    desk = PluginDesk(lambda: TABLE, acme.ask, ListenerDesk(terms or Terms()))
    async with listening({ROOT: desk.answer}) as served:
        return await served.ask(method, path, headers=headers, data=data)


async def test_a_plugin_is_asked_and_answers() -> None:
    acme = Acme(HttpResponse(201, b"<p>", {"content-type": "text/html", "X-Report": "1"}))
    headers = {**DOE, "Cookie": "secret=1", "X-Signature": "abc", "Connection": "keep-alive"}
    path = "/plugins/acme/studies/1.2%2F3?a=1&a=&b=%C3%BC"
    answer = await asked(acme, "POST", path, headers=headers, data=b"content")
    assert (answer.status, answer.body) == (201, b"<p>")
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Report"] == "1"
    [request] = acme.asked
    assert (request.method, request.path) == ("POST", "/studies/{study}")
    assert request.variables == {"study": "1.2/3"}
    assert request.query == (("a", "1"), ("a", ""), ("b", "ü"))
    assert (request.body, request.principal.name) == (b"content", "")
    told = dict(request.headers)
    assert told["x-signature"] == "abc"
    assert not {"authorization", "cookie", "connection", "host", "content-length"} & {*told}


async def test_a_head_is_a_get_without_a_body() -> None:
    acme = Acme(HttpResponse(200, b"content"))
    answer = await asked(acme, "HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert acme.asked[0].method == "HEAD"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/plugins/acme/y", 404),
        ("GET", "/plugins/other/x", 404),
        ("GET", "/plugins", 404),
        ("DELETE", "/plugins/acme/x", 405),
        ("OPTIONS", "/plugins/acme/x", 204),
    ],
)
async def test_what_is_no_route_is_not_asked(method: str, path: str, status: int) -> None:
    acme = Acme(HttpResponse())
    answer = await asked(acme, method, path)
    assert (answer.status, acme.asked) == (status, [])
    assert answer.headers.get("Allow") == (None if status == 404 else "GET, HEAD, OPTIONS")


LATE = HookError("acme", "pacsd_http_request", "no answer within 30 s")
LATE.is_late = True


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        (None, 404, "there is no such resource"),
        (HookError("acme", "pacsd_http_request", "raised OSError: secret"), 502, "plugin acme did"),
        (LATE, 504, "plugin acme did not answer as it should"),
        (HttpResponse(99), 502, "status 99"),
        (HttpResponse(600), 502, "status 600"),
        (HttpResponse(200, bytes(MAX_BODY_BYTES + 1)), 502, "a body longer than 1048576 bytes"),
        (HttpResponse(200, b"", {"Set-Cookie": "a=b"}), 502, "'Set-Cookie' is the daemon's"),
        (HttpResponse(200, b"", {"content-length": "3"}), 502, "is the daemon's"),
        (HttpResponse(200, b"", {"X-Content-Type-Options": ""}), 502, "is the daemon's"),
        (HttpResponse(200, b"", {"Access-Control-Allow-Origin": "*"}), 502, "is the daemon's"),
        (HttpResponse(200, b"", {"X": "a\r\nSet-Cookie: b"}), 502, "the header 'X' is none of RFC"),
        (HttpResponse(200, b"", {"X Y": ""}), 502, "the header 'X Y' is none of RFC 9110"),
        (HttpResponse(200, b"", {f"X-{each}": "" for each in range(65)}), 502, "more than 64"),
    ],
)
async def test_what_is_no_answer_is_told(
    said: HttpResponse | HookError | None, status: int, why: str
) -> None:
    answer = await asked(Acme(said))
    assert answer.status == status
    assert why in answer.why
    assert "secret" not in answer.why


async def test_p06_more_than_a_plugin_is_told_is_refused() -> None:
    acme = Acme(HttpResponse())
    path = "/plugins/acme/studies/1"
    answer = await asked(acme, "POST", path, data=bytes(MAX_BODY_BYTES + 1))
    assert (answer.status, answer.why) == (413, "the body is longer than 1048576 bytes")
    query = "&".join(f"{number}=" for number in range(300))
    assert (await asked(acme, path=f"/plugins/acme/x?{query}")).status == 400
    many = {f"X-{number}": "" for number in range(65)}
    assert (await asked(acme, headers=many)).status == 431
    assert acme.asked == []
    assert (await asked(acme, "POST", path, data=bytes(MAX_BODY_BYTES))).status == 200


def guarded(
    authorize: Callable[[AccessRequest], Awaitable[Deny | None]], max_requests: int = 64
) -> Terms:
    async def authenticate(login: Login) -> Principal | NotRecognized | None:
        return Principal(login.secret, ("reader",)) if login.secret == "doe" else None  # noqa: S105

    guard = Guard(
        Logins(lambda: authenticate, lambda: 0.0), Permissions(lambda: authorize, lambda: 0.0)
    )
    return Terms(guard=guard, max_requests=max_requests)


async def test_the_doors_are_those_of_dicomweb() -> None:
    wanted: list[AccessRequest] = []

    async def authorize(request: AccessRequest) -> Deny | None:
        wanted.append(request)
        return None if request.principal.name == "doe" and len(wanted) == 1 else Deny("no")

    acme = Acme(HttpResponse())
    terms = guarded(authorize)
    assert (await asked(acme, terms=terms)).status == 401
    assert (await asked(acme, terms=terms, headers=DOE)).status == 200
    assert (wanted[0].action, wanted[0].plugin) == ("use a plugin", "acme")
    assert acme.asked[0].principal == Principal("doe", ("reader",))
    refused = await asked(acme, terms=guarded(authorize), headers=DOE)
    assert (refused.status, refused.why) == (403, "not allowed: use a plugin")
    assert len(acme.asked) == 1


async def test_pages_of_other_origins_change_nothing() -> None:
    acme, path = Acme(HttpResponse()), "/plugins/acme/studies/1"
    origin = {"Origin": "https://viewer.example"}
    assert (await asked(acme, "POST", path, headers=origin)).status == 403
    terms = Terms(cors_origins=("https://viewer.example",))
    answer = await asked(acme, "POST", path, headers=origin, terms=terms)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://viewer.example"
    preflight = {**origin, "Access-Control-Request-Method": "POST"}
    assert (await asked(acme, "OPTIONS", path, headers=preflight, terms=terms)).status == 204


async def test_so_many_are_answered_at_once() -> None:
    answer = await asked(Acme(HttpResponse()), terms=Terms(max_requests=0))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
