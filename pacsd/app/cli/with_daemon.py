"""What commands share that speak to the running daemon: how it is found, asked and believed."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated, Protocol, TypeVar, cast

import typer

from pacsd.app.cli.with_config import config_errors

EXIT_REFUSED = 1

DataDirOption = Annotated[
    str | None,
    typer.Option("--data-dir", help="The daemon's. [env: PACSD_DATA_DIR]", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]

Answer = TypeVar("Answer")


class Numbered(Protocol):
    """A row of a list that is told page by page, by rising numbers."""

    @property
    def number(self) -> int:
        """Its number."""


Row = TypeVar("Row", bound=Numbered)


def ask_daemon(
    config: Path | None, data_dir: str | None, command: str, **arguments: object
) -> object:
    """Have the daemon of this configuration perform a command, or say why not and leave."""
    ask = find_daemon(config, data_dir)
    with admin_errors():
        return ask(command, **arguments)


def find_daemon(config: Path | None, data_dir: str | None) -> Callable[..., object]:
    """What asks the daemon of this configuration, as `unix_socket.ask` does; raises as that."""
    from pacsd.app.admin.unix_socket import SOCKET_NAME, ask
    from pacsd.app.conf import reading
    from pacsd.app.conf.options import Options

    with config_errors():
        decoded = reading.load(config, Options(data_dir=data_dir))
    return partial(ask, decoded.data_dir / SOCKET_NAME)


def believe(kind: type[Answer], answer: object) -> Answer:
    """Read a daemon's answer as a record (or a list of them), or say that it is none and leave."""
    from pydantic import TypeAdapter, ValidationError

    from pacsd.app.admin.unix_socket import AdminError

    with admin_errors():
        try:
            return TypeAdapter(kind).validate_python(answer)
        except ValidationError:
            raise AdminError(
                "the daemon answers as another version does: restart it after an upgrade"
            ) from None


@contextmanager
def admin_errors() -> Iterator[None]:
    """Print why a command was not done and leave with exit code 1."""
    from pacsd.app.admin.unix_socket import AdminError

    try:
        yield
    except AdminError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_REFUSED) from None


def print_json(answer: object) -> None:
    """Print an answer for programs."""
    import json

    typer.echo(json.dumps(answer, indent=2))


def print_answer(
    answer: object,
    kind: type[Answer],
    describe: Callable[[Answer], Iterable[str]],
    *,
    as_json: bool,
    nothing: str = "",
) -> None:
    """Print an answer for programs, or the lines that `describe` it for people.

    Where there are no lines, `nothing` says so.
    """
    if as_json:
        print_json(answer)
        return
    is_something = False
    for line in describe(believe(kind, answer)):
        typer.echo(line)
        is_something = True
    if nothing and not is_something:
        typer.echo(nothing, err=True)


def print_page(
    answer: object,
    kind: type[list[Row]],
    describe: Callable[[Row], Iterable[str]],
    *,
    limit: int,
    as_json: bool,
    nothing: str,
) -> None:
    """Print at most `limit` rows, and if there are more how to see them.

    The daemon was asked for one row more, which says only that.
    """
    rows = believe(kind, answer)
    print_answer(
        cast("list[object]", answer)[:limit],
        kind,
        lambda page: chain.from_iterable(map(describe, page)),
        as_json=as_json,
        nothing=nothing,
    )
    if len(rows) > limit:
        typer.echo(f"more: --after {rows[limit - 1].number}", err=True)


def local_time(seconds: float) -> str:
    """A time since 1970 as people here read it, with its offset from UTC."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat(" ", "seconds")


def who() -> str:
    """Who decides: whoever became root by sudo, or whom the system calls us."""
    import getpass
    import os

    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
