"""One hook of one plugin, asked as the daemon would, but with nothing forgiven."""

from pacsd.api.dispatch.panel import Panel
from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError
from pacsd.api.hooks import HOOKS, hook_facts
from pacsd.app.plugins.fitting import fits_of
from pacsd.app.plugins.implementations import implementations
from pacsd.testing.object_home import ObjectHome

_NAME = "plugin_under_test"


async def call_hook(plugin: object, hook: str, /, **arguments: object) -> object:
    """What a plugin answers to a hook, through the dispatcher of the daemon.

    A plain implementation runs in a thread, an `async` one here, each within the hook's deadline.
    Where a store is chosen, it is one of the argument `stores`.

    Raises:
        HookError: it raised, was late, or answered what the hook does not allow.
        LookupError: there is no such hook, or the plugin does not implement it.
        PluginError: its hooks do not fit the specifications.
        TypeError: the arguments are not those of the specification.
    """
    _check_arguments(hook, arguments)
    found = implementations({_NAME: ObjectHome(_NAME, plugin)}, hook)
    if not found:
        raise LookupError(f"{type(plugin).__name__} does not implement {hook}")
    fits = fits_of(hook)
    panel: Panel[object] = Panel(hook_facts(hook), found, Tally(), _leave_to_the_answer, fits)
    answer = await panel.ask(panel.lineup.members[0], arguments, panel.deadline())
    if isinstance(answer, HookError):
        raise answer
    return answer


def _check_arguments(hook: str, arguments: dict[str, object]) -> None:
    if hook not in HOOKS:
        raise LookupError(f"{hook}: there is no such hook")
    code = HOOKS[hook].__code__
    wanted = code.co_varnames[: code.co_argcount]
    if {*wanted} != {*arguments}:
        raise TypeError(f"{hook} has {', '.join(wanted)}; given: {', '.join(arguments)}")


def _leave_to_the_answer(_: HookError) -> None:
    """What failed is what `Panel.ask` returns, and is raised there."""
