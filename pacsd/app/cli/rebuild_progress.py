"""How far `pacsd index rebuild` is: a bar on a terminal, nothing elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from pacsd.api.store import Location

_TOLD_EVERY = 16
"""Files; to draw costs more than to count."""


def speed(files: int, size_bytes: int, seconds: float) -> str:
    """Objects and megabytes a second."""
    seconds = max(seconds, 1e-6)
    return f"{files / seconds:,.0f} objects/s, {size_bytes / seconds / 1e6:,.1f} MB/s"


class Silence:
    """No bar."""

    is_shown = False

    def expect(self, files: int) -> None:
        """So many files there are, as far as they are counted."""

    def read(self, location: "Location") -> None:
        """A file was read, or could not be."""

    def unreadable(self, key: str, why: str) -> None:
        """Each is named in the end."""


class Bar(Silence):
    """A bar on standard error."""

    is_shown = True

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task("reading", total=None, speed="")
        self._started = perf_counter()
        self._files = 0
        self._size_bytes = 0

    def expect(self, files: int) -> None:
        """So many files there are, as far as they are counted."""
        self._progress.update(self._task, total=files)

    def read(self, location: "Location") -> None:
        """A file was read, or could not be."""
        self._files += 1
        self._size_bytes += location.size_bytes
        if self._files % _TOLD_EVERY == 0:
            fast = speed(self._files, self._size_bytes, perf_counter() - self._started)
            self._progress.update(self._task, completed=self._files, speed=fast)


@contextmanager
def progress_bar() -> Iterator[Silence]:
    """A bar if standard error is a terminal; it is gone afterwards."""
    if not sys.stderr.isatty():
        yield Silence()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("reading"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Bar(progress)
