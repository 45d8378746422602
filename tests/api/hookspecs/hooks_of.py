"""The hooks of plugins, frozen as the daemon does."""

from collections.abc import Collection

from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError
from pacsd.app.plugins.hooks import Hooks, make_hooks
from pacsd.testing.object_home import ObjectHome


def hooks_of(
    *plugins: object, errors: list[HookError] | None = None, stores: Collection[str] = ()
) -> Hooks:
    """The hooks of plugins: the first is called `acme`, the others `acme2` and so on.

    `stores` are those that may be chosen.
    """
    names = ["acme", *(f"acme{number}" for number in range(2, len(plugins) + 1))]
    homes = {name: ObjectHome(name, each) for name, each in zip(names, plugins, strict=False)}
    return make_hooks(homes, Tally(), (errors if errors is not None else []).append, stores)
