from collections.abc import Awaitable

import pytest
from structlog.testing import capture_logs

from pacsd.api.commands import MAX_TEXT_LENGTH, CommandAnswer, PluginCommand
from pacsd.api.errors import HookError
from pacsd.app.admin.plugin_records import RunnableCommand
from pacsd.app.admin.run_commands import run_commands
from pacsd.app.admin.unix_socket import AdminError, Command

KNOWN = {"acme": (PluginCommand("export", "Write a list"), PluginCommand("fail", "Fail"))}


class Tool:
    """Answers what it is told to."""

    def __init__(self, answer: CommandAnswer | None = None) -> None:
        self.answer = answer or CommandAnswer("done", 3)
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []

    async def run(self, plugin: str, name: str, arguments: tuple[str, ...]) -> CommandAnswer:
        self.asked.append((plugin, name, arguments))
        if name == "fail":
            raise HookError(plugin, "pacsd_command", "raised OSError: full")
        return self.answer

    @property
    def commands(self) -> dict[str, Command]:
        return run_commands(lambda: KNOWN, self.run)


async def perform(tool: Tool, **arguments: object) -> object:
    answer = tool.commands["run.command"](arguments)
    assert isinstance(answer, Awaitable)
    return await answer


def test_commands_are_listed() -> None:
    assert Tool().commands["run.list"]({}) == [
        RunnableCommand("acme", "export", "Write a list"),
        RunnableCommand("acme", "fail", "Fail"),
    ]


async def test_a_command_is_done_and_who_wanted_it_is_logged() -> None:
    tool = Tool()
    wanted = {"plugin": "acme", "name": "export", "arguments": ["--all"], "actor": "root"}
    with capture_logs() as captured:
        assert await perform(tool, **wanted) == CommandAnswer("done", 3)
    assert tool.asked == [("acme", "export", ("--all",))]
    assert (captured[0]["command"], captured[0]["actor"]) == ("export", "root")
    assert "arguments" not in captured[0]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"plugin": "acme", "name": "other"}, "there is no command acme other; pacsd run lists"),
        ({"plugin": "other", "name": "export"}, "there is no command other export"),
        ({"plugin": "acme"}, "there is no command acme"),
        ({"plugin": 7}, "plugin must be text"),
        ({"plugin": "acme", "name": "fail"}, "plugin acme: pacsd_command: raised OSError: full"),
        ({"plugin": "acme", "name": "export", "arguments": "a"}, "must be a list of texts"),
        ({"plugin": "acme", "name": "export", "arguments": [7]}, "must be a list of texts"),
        ({"plugin": "acme", "name": "export", "arguments": [""] * 257}, "there are more, or"),
        ({"plugin": "acme", "name": "export", "arguments": ["x" * 4097]}, "there are more, or"),
    ],
)
async def test_p06_what_cannot_be_done_is_told(wanted: dict[str, object], why: str) -> None:
    with pytest.raises(AdminError, match=why):
        await perform(Tool(), **wanted)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (CommandAnswer("", 256), "exit code 256 is none of 0 to 255"),
        (CommandAnswer("", -1), "exit code -1 is none"),
        (CommandAnswer("x" * (MAX_TEXT_LENGTH + 1)), "said more than 262144 characters"),
    ],
)
async def test_an_answer_beyond_its_bounds_is_none(answer: CommandAnswer, why: str) -> None:
    with pytest.raises(AdminError, match=why):
        await perform(Tool(answer), plugin="acme", name="export")
