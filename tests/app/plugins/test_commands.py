import pytest

from pacsd.api.commands import CommandAnswer, PluginCommand
from pacsd.api.errors import PluginError
from pacsd.api.hooks import hookimpl
from pacsd.app.plugins.commands import command_table, run_command
from tests.api.hookspecs.hooks_of import hooks_of


class Names:
    def __init__(self, *commands: PluginCommand) -> None:
        self.commands = commands

    @hookimpl
    def pacsd_commands(self) -> tuple[PluginCommand, ...]:
        return self.commands


class Does(Names):
    @hookimpl
    async def pacsd_command(self, name: str) -> CommandAnswer | None:
        return CommandAnswer(name, 1) if name == "export" else None


EXPORT = PluginCommand("export", "Write a list")


async def test_commands_are_those_of_their_plugins() -> None:
    hooks = hooks_of(Does(EXPORT, PluginCommand("re-send", "Again")), Does(EXPORT), Does())
    table = await command_table(hooks)
    assert {plugin: [each.name for each in known] for plugin, known in table.items()} == {
        "acme": ["export", "re-send"],
        "acme2": ["export"],
    }
    assert await run_command(hooks, "acme", "export", ()) == CommandAnswer("export", 1)
    assert await run_command(hooks, "acme", "re-send", ()) == CommandAnswer("", 0)


@pytest.mark.parametrize(
    ("commands", "why"),
    [
        ((EXPORT, EXPORT), "command export: is there twice"),
        ((PluginCommand("Export", "x"),), "command 'Export': is no name"),
        ((PluginCommand("", "x"),), "command '': is no name"),
        ((PluginCommand("a" * 33, "x"),), "is no name of a-z, 0-9 and -"),
        ((PluginCommand("a", ""),), "command a: the summary is no line of 1 to 200"),
        ((PluginCommand("a", "x\ny"),), "command a: the summary is no line of 1 to 200"),
        (
            tuple(PluginCommand(f"c{number}", "x") for number in range(33)),
            "has more than 32 commands",
        ),
    ],
)
async def test_what_may_be_no_command_is_refused(
    commands: tuple[PluginCommand, ...], why: str
) -> None:
    with pytest.raises(PluginError, match=f"plugin acme: .*{why}"):
        await command_table(hooks_of(Does(*commands)))


async def test_commands_that_nobody_does_are_refused() -> None:
    with pytest.raises(PluginError, match="does not implement pacsd_command"):
        await command_table(hooks_of(Names(EXPORT)))
