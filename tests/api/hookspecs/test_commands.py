import pytest

from pacsd.api.commands import CommandAnswer, PluginCommand
from pacsd.api.errors import HookError
from pacsd.api.hooks import hookimpl
from tests.api.hookspecs.hooks_of import hooks_of


async def test_hook_pacsd_commands() -> None:
    class Tool:
        @hookimpl
        def pacsd_commands(self) -> tuple[PluginCommand, ...]:
            return (PluginCommand("export", "Write a list"),)

    found = await hooks_of(Tool()).commands()
    assert found == [("acme", (PluginCommand("export", "Write a list"),))]


async def test_hook_pacsd_command() -> None:
    class Tool:
        @hookimpl
        def pacsd_command(self, name: str, arguments: tuple[str, ...]) -> CommandAnswer:
            if name == "fail":
                raise OSError("full")
            return CommandAnswer(f"{name} {arguments}", 3)

    hook = hooks_of(Tool()).command
    answer = await hook.ask("acme", name="export", arguments=("--all", "ü"))
    assert answer == CommandAnswer("export ('--all', 'ü')", 3)
    with pytest.raises(HookError, match="plugin acme: pacsd_command: raised OSError: full"):
        await hook.ask("acme", name="fail", arguments=())
