"""`pacsd plugins trace`: the last calls of plugins in the running daemon, one by one."""

import json
from collections.abc import Callable
from dataclasses import asdict
from time import sleep as wait
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import EXIT_INTERRUPTED, ConfigOption
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    JsonOption,
    admin_errors,
    believe,
    find_daemon,
    print_json,
)
from pacsd.app.cli.with_hook import see_that_it_is_a_hook
from pacsd.dicom.text import printable

if TYPE_CHECKING:
    from pacsd.app.admin.plugin_records import TraceAnswer, TracedCall

MAX_SHOWN = 1_000
"""All that a daemon keeps."""

MAX_LINE_CHARS = 256
"""Of a line of a traceback."""

LookFor = Callable[[int, int], "TraceAnswer"]
"""Asks for calls behind a number, at most so many."""


def trace(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    plugin: Annotated[str, typer.Option("--plugin", help="Only of this one.")] = "",
    hook: Annotated[str, typer.Option("--hook", help="Only of this one.")] = "",
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=MAX_SHOWN, help="The last so many.")
    ] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with those that come, until Ctrl-C.")
    ] = False,
    every: Annotated[
        float, typer.Option("--every", min=0.2, max=60, help="Seconds between looks of --follow.")
    ] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Print the last calls of plugins, the oldest first: when, whom, how long, how they ended."""
    if hook:
        see_that_it_is_a_hook(hook)
    look = _looking(find_daemon(config, data_dir), plugin, hook)
    with admin_errors():
        if follow:
            _follow(look, limit, every, as_json=as_json)
        else:
            _print(look(0, limit), as_json=as_json)


def _looking(ask: Callable[..., object], plugin: str, hook: str) -> LookFor:
    def look(after: int, limit: int) -> "TraceAnswer":
        from pacsd.app.admin.plugin_records import TraceAnswer

        answer = ask("plugins.trace", plugin=plugin, hook=hook, after=after, limit=limit)
        return believe(TraceAnswer, answer)

    return look


def _print(answer: "TraceAnswer", *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(call) for call in answer.calls])
        return
    for call in answer.calls:
        typer.echo(_describe(call))
    if not answer.calls:
        typer.echo("there was no such call", err=True)


def _follow(look: LookFor, limit: int, every_s: float, *, as_json: bool) -> None:
    """Calls as they come; for programs one JSON object a line. What was missed is told."""
    try:
        last = 0
        answer = look(last, limit)
        while True:
            for call in answer.calls:
                typer.echo(json.dumps(asdict(call)) if as_json else _describe(call))
            last = answer.last
            wait(every_s)
            answer = look(last, MAX_SHOWN)
            if answer.last < last:
                typer.echo("the daemon was started anew", err=True)
                last = 0
                answer = look(last, MAX_SHOWN)
            missed = answer.first - last - 1
            if missed > 0:
                typer.echo(f"{missed} calls came too fast to be seen", err=True)
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _describe(call: "TracedCall") -> str:
    took = f"{call.seconds * 1_000:,.3f} ms"
    names = f"{printable(call.plugin)} {printable(call.hook)}"
    how = " ".join(filter(None, (printable(call.ending), printable(call.kind))))
    line = f"{call.ago_s:9.1f} s ago  {names}  {took}  {how}"
    # Indented, no line of a traceback can be taken for a call.
    inside = (f"      {printable(each, MAX_LINE_CHARS)}" for each in call.traceback.splitlines())
    return "\n".join((line, *inside))
