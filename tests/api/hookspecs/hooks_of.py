"""The hooks of plugins, frozen as the daemon does."""

from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError
from pacsd.app.plugins.hooks import Hooks, make_hooks, registered


def hooks_of(plugin: object, errors: list[HookError] | None = None) -> Hooks:
    """The hooks of one plugin, called `acme`."""
    on_error = (errors if errors is not None else []).append
    return make_hooks(registered({"acme": plugin}), Tally(), on_error)
