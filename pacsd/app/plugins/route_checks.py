"""Whether routes can be taken at all: somebody has their targets and their coercions."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import anyio

from pacsd.api.errors import HookError
from pacsd.api.routing import Route
from pacsd.app.plugins.hooks import Hooks
from pacsd.app.plugins.route_work import OwnTargets, own_target

LONGEST_S = 10.0
"""For all targets, and for all coercions; of whoever has not answered by then that is said."""

_LATE = f"no answer within {LONGEST_S:g} s"


class RouteChecks:
    """Looks for what routes name; `own` are the targets that need no plugin."""

    def __init__(self, hooks: Hooks, own: OwnTargets) -> None:
        self._hooks = hooks
        self._own = own

    async def missing(self, routes: Sequence[Route]) -> list[str]:
        """What routes name that nobody has now, by which rule, and why not.

        Whether a target works is not asked.
        """
        targets = await _sought({each.target for each in routes}, self._find_target)
        named = {each.coercion for each in routes if each.coercion}
        coercions = await _sought(named, self._find_coercion)
        found: dict[str, None] = {}
        for route in routes:
            for kind, name, why in (
                ("target", route.target, targets.get(route.target)),
                ("coercion", route.coercion, coercions.get(route.coercion)),
            ):
                if why:
                    found[f"{route.reason}: {kind} {name}: {why}"] = None
        return [*found]

    async def _find_target(self, name: str) -> None:
        if own_target(self._own, name) is None:
            await self._hooks.route_target.found(name)

    async def _find_coercion(self, name: str) -> None:
        await self._hooks.coercion.found(name)


async def _sought(names: set[str], find: Callable[[str], Awaitable[None]]) -> Mapping[str, str]:
    """Why some of these cannot be had; all of them are looked for at once."""
    missing = dict.fromkeys(names, _LATE)

    async def look(name: str) -> None:
        try:
            await find(name)
        except HookError as error:
            missing[name] = error.explanation
        else:
            del missing[name]

    with anyio.move_on_after(LONGEST_S):
        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(look, name)
    return missing
