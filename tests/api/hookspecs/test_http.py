import pytest

from pacsd.api.access import Principal
from pacsd.api.errors import HookError
from pacsd.api.hooks import hookimpl
from pacsd.api.http import HttpRequest, HttpResponse, HttpRoute
from tests.api.hookspecs.hooks_of import hooks_of

ROUTE = HttpRoute("GET", "/status", "How it does")
REQUEST = HttpRequest("GET", "/status", {}, (), (), b"", Principal("doe"), "127.0.0.1")


async def test_hook_pacsd_http_routes() -> None:
    class Page:
        @hookimpl
        def pacsd_http_routes(self) -> tuple[HttpRoute, ...]:
            return (ROUTE,)

    class Nothing:
        @hookimpl
        def pacsd_http_routes(self) -> None:
            return None

    assert await hooks_of(Page(), Nothing()).http_routes() == [("acme", (ROUTE,))]


async def test_who_does_not_say_which_routes_it_has_fails() -> None:
    class Page:
        @hookimpl
        def pacsd_http_routes(self) -> object:
            return ("/status",)

    with pytest.raises(HookError, match="returned str instead of HttpRoute at 0"):
        await hooks_of(Page()).http_routes()


async def test_hook_pacsd_http_request() -> None:
    class Page:
        def __init__(self, name: str) -> None:
            self.name = name

        @hookimpl
        async def pacsd_http_request(self, request: HttpRequest) -> HttpResponse:
            assert request is REQUEST
            return HttpResponse(200, self.name.encode())

    hooks = hooks_of(Page("first"), Page("second"))
    assert await hooks.http_request.ask("acme2", request=REQUEST) == HttpResponse(200, b"second")
