"""The progress bar of `pacsd send`, on a terminal; elsewhere lines only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Lines:
    """No bar: what is said goes to standard error."""

    is_shown = False

    def say(self, line: str) -> None:
        """Say a line."""
        typer.echo(line, err=True)

    def expect(self, files: int) -> None:
        """So many files there are."""

    def advance(self) -> None:
        """One file is done."""


class Bar(Lines):
    """A bar on standard error, below what is said."""

    is_shown = True

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task("sending", total=None)

    def say(self, line: str) -> None:
        """Say a line above the bar."""
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def expect(self, files: int) -> None:
        """So many files there are."""
        self._progress.update(self._task, total=files)

    def advance(self) -> None:
        """One file is done."""
        self._progress.advance(self._task)


@contextmanager
def progress_bar() -> Iterator[Lines]:
    """A bar if standard error is a terminal; it is gone afterwards."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = TextColumn("sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Bar(progress)
