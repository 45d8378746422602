"""A plugin with routes over HTTP."""

from pacsd.api.hooks import hookimpl
from pacsd.api.http import HttpRequest, HttpResponse, HttpRoute
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings


class Answering(Plugin[Settings]):
    @hookimpl
    def pacsd_http_routes(self) -> tuple[HttpRoute, ...]:
        return (HttpRoute("POST", "/echo/{name}", "What was said"),)

    @hookimpl
    async def pacsd_http_request(self, request: HttpRequest) -> HttpResponse:
        said = f"{request.principal.name} {request.variables['name']}"
        return HttpResponse(201, request.body, {"X-Said": said})
