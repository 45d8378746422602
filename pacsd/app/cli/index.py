"""`pacsd index stats|rebuild`: what is known of the stored objects."""

from time import perf_counter
from typing import TYPE_CHECKING

import typer

from pacsd.app.cli.with_config import ConfigOption, config_errors
from pacsd.app.cli.with_daemon import (
    EXIT_REFUSED,
    DataDirOption,
    JsonOption,
    ask_daemon,
    print_answer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pacsd.app.admin.index_commands import StatsAnswer
    from pacsd.app.conf.settings import Config
    from pacsd.app.index_rebuild import Made

NOT_BROUGHT_BACK = """\
Not brought back: the audit trail and the change log (they begin anew; whoever follows changes
starts again), and when files were last read back. Tags of your own are indexed after the start."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("stats")(stats)
    group.command("rebuild")(rebuild)
    app.add_typer(group, name="index", help="What is known of the stored objects.")


def stats(
    config: ConfigOption = None, data_dir: DataDirOption = None, *, as_json: JsonOption = False
) -> None:
    """Count what the index of the running daemon holds; it reads all of it."""
    from pacsd.app.admin.index_commands import StatsAnswer

    answer = ask_daemon(config, data_dir, "index.stats")
    print_answer(answer, StatsAnswer, _describe, as_json=as_json)


def rebuild(config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Make the index anew of the stored files and the state log, while no daemon runs.

    The index there was is kept beside, for you to remove.
    """
    from pacsd.app.conf import reading
    from pacsd.app.conf.options import Options

    with config_errors():
        settings = reading.load(config, Options(data_dir=data_dir))
        _check_there(settings.data_dir)
        started = perf_counter()
        made = _rebuild(settings)
    for line in _describe_made(made, perf_counter() - started):
        typer.echo(line)


def _rebuild(settings: "Config") -> "Made":
    import anyio

    from pacsd.app.cli.rebuild_progress import progress_bar
    from pacsd.app.data_dir import DataDirError, locked
    from pacsd.app.index_rebuild import RebuildError, rebuild_index

    uvloop = {"use_uvloop": True}
    try:
        with locked(settings.data_dir) as held, progress_bar() as bar:
            return anyio.run(rebuild_index, settings, held, bar, backend_options=uvloop)
    except DataDirError as error:
        _leave(f"{error}; stop the daemon first")
    except RebuildError as error:
        _leave(str(error))
    raise AssertionError("left")


def _check_there(data_dir: "Path") -> None:
    """A mistyped directory is not made."""
    if not data_dir.is_dir():
        _leave(f"data_dir = {data_dir}: no such directory")


def _leave(why: str) -> None:
    typer.echo(why, err=True)
    raise typer.Exit(EXIT_REFUSED)


def _describe(answer: "StatsAnswer") -> "Iterator[str]":
    rows = answer.rows
    yield f"{rows['patient']:,} patients, {rows['study']:,} studies, {rows['series']:,} series"
    yield f"instances: {_counts(answer.instances)}"
    yield f"versions in quarantine: {rows['quarantine']:,}"
    for copies in answer.copies:
        size = f"{copies.size_bytes / 1e9:,.3f} GB"
        where = f"files in {copies.store}, {copies.state}"
        yield f"{where}: {copies.copies:,}, {size}, without quarantine"
    yield f"changes: {_changes(rows['change'], answer.first_change, answer.last_change)}"
    yield f"audit rows: {rows['audit']:,}"
    total_bytes = sum(answer.table_bytes.values())
    if total_bytes:
        yield f"size of the tables: {total_bytes / 1e6:,.1f} MB"
        for name, size_bytes in sorted(answer.table_bytes.items(), key=lambda item: -item[1])[:5]:
            yield f"  {name} {size_bytes / 1e6:,.1f} MB"


def _changes(count: int, first: int, last: int) -> str:
    gaps = "one count numbers rows of all kinds, so these have gaps"
    return f"{count:,}, numbers {first:,} to {last:,} ({gaps})" if count else "none"


def _describe_made(made: "Made", seconds: float) -> "Iterator[str]":
    from pacsd.app.cli.rebuild_progress import speed

    rebuilt, instances = made.rebuilt, made.stats.instances
    fast = speed(rebuilt.files, rebuilt.size_bytes, seconds)
    yield f"{rebuilt.files:,} files read in {seconds:,.1f} s: {fast}"
    yield f"instances: {_counts({state.name.lower(): n for state, n in instances.items()})}"
    yield f"versions in quarantine: {made.stats.rows['quarantine']:,}"
    yield f"decisions of the state log: {rebuilt.decisions:,}"
    if rebuilt.surplus:
        yield f"files that hold what another one holds, left where they are: {rebuilt.surplus:,}"
    if rebuilt.unreadable:
        yield f"files that cannot be understood, left where they are: {len(rebuilt.unreadable):,}"
        yield from (f"  {key}" for key in sorted(rebuilt.unreadable))
    if not made.are_compared:
        yield (
            f"Warning: read was {', '.join(made.stores)}. Whether objects lie in another store, "
            "too, could not be seen: there was no index that can be read. If they do, name it in "
            "store.others and rebuild again."
        )
    if made.before is not None:
        yield f"The index there was is {made.before}: remove it when all is well."
    yield NOT_BROUGHT_BACK


def _counts(instances: "dict[str, int]") -> str:
    return ", ".join(f"{count:,} {state}" for state, count in instances.items()) or "none"
