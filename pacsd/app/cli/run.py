"""`pacsd run`: commands that plugins have added, done by the running daemon."""

from typing import Annotated

import typer

from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    ask_daemon,
    believe,
    print_answer,
    who,
)

USAGE = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", context_settings=USAGE)(run)


def run(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PLUGIN COMMAND [ARGS...]]",
            help="A command of a plugin, and what it is given; none = list them.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Have a plugin of the running daemon do one of its commands, or list them.

    Options of pacsd stand before PLUGIN; what stands behind COMMAND is the plugin's.
    """
    from pacsd.api.commands import CommandAnswer

    plugin, *rest = words or [""]
    if not rest:
        _list(config, data_dir, plugin)
        return
    command, *arguments = rest
    asked = {"plugin": plugin, "name": command, "arguments": arguments, "actor": who()}
    answer = believe(CommandAnswer, ask_daemon(config, data_dir, "run.command", **asked))
    if answer.text:
        typer.echo(answer.text)
    raise typer.Exit(answer.exit_code)


def _list(config: ConfigOption, data_dir: DataDirOption, plugin: str) -> None:
    from pacsd.app.admin.plugin_records import RunnableCommand

    print_answer(
        ask_daemon(config, data_dir, "run.list"),
        list[RunnableCommand],
        lambda commands: [
            f"{each.plugin} {each.name}: {each.summary}"
            for each in commands
            if plugin in {"", each.plugin}
        ],
        as_json=False,
        nothing="no plugin has added a command" if not plugin else f"{plugin} has added no command",
    )
