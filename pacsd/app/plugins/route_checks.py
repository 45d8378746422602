"""Whether routes can be taken at all: somebody has their targets and their coercions."""

from pacsd.api.errors import HookError
from pacsd.api.routing import Route
from pacsd.app.plugins.hooks import Hooks
from pacsd.app.plugins.route_work import OwnTargets


class RouteChecks:
    """Looks for what routes name; `own` are the targets that need no plugin."""

    def __init__(self, hooks: Hooks, own: OwnTargets) -> None:
        self._hooks = hooks
        self._own = own

    async def missing(self, route: Route) -> str:
        """What a route names that nobody has now, and why; '' if somebody has all of it.

        Whether a target works is not asked.
        """
        try:
            await self._find_target(route.target)
        except HookError as error:
            return f"target {route.target}: {error.explanation}"
        if route.coercion:
            try:
                await self._hooks.coercion.found(route.coercion)
            except HookError as error:
                return f"coercion {route.coercion}: {error.explanation}"
        return ""

    async def _find_target(self, name: str) -> None:
        for prefix, target in self._own.items():
            if name.startswith(prefix):
                target(name)
                return
        await self._hooks.route_target.found(name)
