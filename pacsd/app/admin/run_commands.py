"""The commands of the admin socket that plugins have added."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from pacsd.api.commands import (
    MAX_ARGUMENT_LENGTH,
    MAX_ARGUMENTS,
    MAX_TEXT_LENGTH,
    CommandAnswer,
    PluginCommand,
)
from pacsd.api.errors import HookError
from pacsd.app.admin.arguments import Arguments, text
from pacsd.app.admin.plugin_records import RunnableCommand
from pacsd.app.admin.unix_socket import AdminError, Command
from pacsd.dicom.text import printable

MAX_EXIT_CODE = 255

Runs = Callable[[str, str, tuple[str, ...]], Awaitable[CommandAnswer]]
"""Has a plugin do a command with arguments; HookError: it failed."""

_log = structlog.get_logger("pacsd.plugins")


Known = Callable[[], Mapping[str, Sequence[PluginCommand]]]
"""The commands of each plugin as they are now."""


def run_commands(known_now: Known, run: Runs) -> dict[str, Command]:
    """`run.list` and `run.command`, over the commands of plugins."""

    def listed(_: Arguments) -> list[RunnableCommand]:
        return [
            RunnableCommand(plugin, each.name, each.summary)
            for plugin, known in known_now().items()
            for each in known
        ]

    async def command(arguments: Arguments) -> CommandAnswer:
        plugin, name = text(arguments, "plugin", ""), text(arguments, "name", "")
        if name not in {each.name for each in known_now().get(plugin, ())}:
            text_of = f"{printable(plugin, 64)} {printable(name, 64)}"
            raise AdminError(f"there is no command {text_of}; pacsd run lists them")
        given = _given(arguments)
        actor = printable(text(arguments, "actor", ""), 64)
        _log.info("command of a plugin", plugin=plugin, command=name, actor=actor)
        try:
            answer = await run(plugin, name, given)
        except HookError as error:
            raise AdminError(str(error)) from None
        return _checked(plugin, answer)

    return {"run.list": listed, "run.command": command}


def _given(arguments: Arguments) -> tuple[str, ...]:
    given = arguments.get("arguments", [])
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise AdminError("arguments must be a list of texts")
    if len(given) > MAX_ARGUMENTS or any(len(each) > MAX_ARGUMENT_LENGTH for each in given):
        rule = f"{MAX_ARGUMENTS} of {MAX_ARGUMENT_LENGTH} characters at most"
        raise AdminError(f"arguments: there are more, or longer ones, than {rule}")
    return tuple(given)


def _checked(plugin: str, answer: CommandAnswer) -> CommandAnswer:
    if not 0 <= answer.exit_code <= MAX_EXIT_CODE:
        raise AdminError(f"plugin {plugin}: exit code {answer.exit_code} is none of 0 to 255")
    if len(answer.text) > MAX_TEXT_LENGTH:
        raise AdminError(f"plugin {plugin}: said more than {MAX_TEXT_LENGTH} characters")
    return answer
