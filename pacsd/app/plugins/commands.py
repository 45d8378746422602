"""The commands that plugins have, asked for at start, and at a reload."""

import re
from collections.abc import Mapping, Sequence

from pacsd.api.commands import MAX_COMMANDS, CommandAnswer, PluginCommand
from pacsd.api.errors import PluginError
from pacsd.app.plugins.hooks import Hooks

MAX_SUMMARY_LENGTH = 200

_NAME = re.compile("[a-z][a-z0-9-]{0,31}")


async def command_table(hooks: Hooks) -> Mapping[str, Sequence[PluginCommand]]:
    """The commands of each plugin that has any.

    Raises:
        PluginError: some may not be, or nobody would do them.
        HookError: a plugin does not say which it has.
    """
    found = {plugin: commands for plugin, commands in await hooks.commands() if commands}
    for plugin, commands in found.items():
        _check(plugin, commands)
        if plugin not in hooks.command.plugins:
            raise PluginError(plugin, "has commands, but does not implement pacsd_command")
    return dict(sorted(found.items()))


async def run_command(
    hooks: Hooks, plugin: str, name: str, arguments: tuple[str, ...]
) -> CommandAnswer:
    """Have a plugin do one of its commands.

    Raises:
        HookError: it failed.
    """
    answer = await hooks.command.ask(plugin, name=name, arguments=arguments)
    return CommandAnswer() if answer is None else answer


def _check(plugin: str, commands: Sequence[PluginCommand]) -> None:
    if len(commands) > MAX_COMMANDS:
        raise PluginError(plugin, f"has more than {MAX_COMMANDS} commands")
    names: set[str] = set()
    for each in commands:
        if not _NAME.fullmatch(each.name):
            rule = "is no name of a-z, 0-9 and -, with a letter first, of 32 at most"
            raise PluginError(plugin, f"command {each.name[:64]!a}: {rule}")
        if each.name in names:
            raise PluginError(plugin, f"command {each.name}: is there twice")
        if not 0 < len(each.summary) <= MAX_SUMMARY_LENGTH or not each.summary.isprintable():
            rule = f"the summary is no line of 1 to {MAX_SUMMARY_LENGTH} characters"
            raise PluginError(plugin, f"command {each.name}: {rule}")
        names.add(each.name)
