"""The routes that plugins have over HTTP, asked for at start, and at a reload."""

from pacsd.api.errors import PluginError
from pacsd.api.http import HttpRequest, HttpResponse
from pacsd.app.plugins.hooks import Hooks
from pacsd.net.web.plugin_desk import AsksPlugin
from pacsd.net.web.plugin_routes import PluginRoute, RouteRefused, RouteTable


async def route_table(hooks: Hooks) -> RouteTable:
    """All routes of all plugins.

    Raises:
        PluginError: some do not go together, or nobody would answer them.
        HookError: a plugin does not say which it has.
    """
    found = [
        PluginRoute(plugin, route)
        for plugin, routes in await hooks.http_routes()
        for route in routes
    ]
    for each in found:
        if each.plugin not in hooks.http_request.plugins:
            raise PluginError(each.plugin, "has routes, but does not implement pacsd_http_request")
    try:
        return RouteTable(found)
    except RouteRefused as refused:
        raise PluginError(refused.plugin, str(refused)) from refused


def http_request(hooks: Hooks) -> AsksPlugin:
    """Who answers requests to them."""

    async def ask(plugin: str, request: HttpRequest) -> HttpResponse | None:
        return await hooks.http_request.ask(plugin, request=request)

    return ask
