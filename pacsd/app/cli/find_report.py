"""What `pacsd find` says: a table when all matches are here, or each match as it comes."""

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TextIO

import typer

from pacsd.dicom.data_set import DataSet
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.identifier import UNIQUE_KEYS
from pacsd.dicom.json_model import to_json
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import Key, Path, name_of, paths
from pacsd.dicom.text import visible
from pacsd.dicom.vr import VR

_SHORT = {
    "ModalitiesInStudy": "Modalities",
    "NumberOfPatientRelatedStudies": "Studies",
    "NumberOfPatientRelatedInstances": "Instances",
    "NumberOfStudyRelatedSeries": "Series",
    "NumberOfStudyRelatedInstances": "Instances",
    "NumberOfSeriesRelatedInstances": "Instances",
}
"""Column headings that need less room than what stands below them would."""

_LEAST_WIDTH = 12
"""A column is not made narrower than that; whatever is longer goes on in the next line."""

_BETWEEN = 3
"""What a column takes beside its text."""


class Report(ABC):
    """Where matches go; `count` is how many came."""

    def __init__(self) -> None:
        self.count = 0

    @abstractmethod
    def match(self, data_set: DataSet) -> None:
        """One more."""

    @abstractmethod
    def end(self, peer: str, why: str, *, is_limited: bool) -> None:
        """It is over; `why` says what kept it from coming to its end."""


class ReportForPrograms(Report):
    """DICOM JSON (PS3.18 annex F), an object a line, at once; why it failed to standard error."""

    def __init__(self, out: TextIO | None = None) -> None:
        super().__init__()
        self._out = out or sys.stdout

    def match(self, data_set: DataSet) -> None:
        """A line; ASCII alone, so that it is the same on every terminal."""
        self.count += 1
        self._out.write(f"{json.dumps(to_json(data_set))}\n")
        self._out.flush()

    def end(self, peer: str, why: str, *, is_limited: bool) -> None:  # noqa: ARG002 - see Report
        """Say why, if it failed."""
        if why:
            typer.echo(f"{peer}: {why}", err=True)


class ReportForPeople(Report):
    """A table of the keys to standard output, how many these are to standard error."""

    def __init__(self, keys: Sequence[Key], level: Level, width: int | None = None) -> None:
        super().__init__()
        self._paths = list(paths(key for key in keys if not _is_the_same_for_all(key, level)))
        self._rows: list[list[str]] = []
        self._width = width

    def match(self, data_set: DataSet) -> None:
        """A row of it."""
        self.count += 1
        self._rows.append([cell(data_set, path) for path in self._paths])

    def end(self, peer: str, why: str, *, is_limited: bool) -> None:
        """Print what came."""
        if self._rows:
            print_rows(self._paths, self._rows, self._width)
        if self._rows or not why:
            count = {0: "no match", 1: "1 match"}.get(self.count, f"{self.count} matches")
            limit = ", the limit: there may be more" if is_limited else ""
            typer.echo(f"{peer}: {count}{limit}", err=True)
        if why:
            typer.echo(f"{peer}: {why}", err=True)


def cell(data_set: DataSet, path: Path) -> str:
    """An attribute in one line; of items, each one's."""
    tag, *inner = path
    if inner:
        cells = (cell(item, tuple(inner)) for item in data_set.items(tag))
        return ", ".join(filter(None, cells))
    if tag not in data_set:
        return ""
    if data_set.vr(tag) == VR.SQ:
        count = len(data_set.items(tag))
        return {0: "", 1: "1 item"}.get(count, f"{count} items")
    texts = data_set.texts(tag)
    size = 0 if texts else len(data_set.raw(tag).strip(b" \0"))
    return f"{size} bytes" if size else ", ".join(map(visible, texts))


def print_rows(
    columns: Sequence[Path], rows: Sequence[Sequence[str]], width: int | None = None
) -> None:
    """A table; where a terminal has no room for its UIDs in one piece, a list for each row.

    `width` is the terminal's, None: whatever standard output is.
    """
    if width is None:
        width = _terminal_width()
    if width is not None and sum(map(_least_width, columns, zip(*rows, strict=True))) > width:
        _print_lists(columns, rows)
    else:
        _print_table(columns, rows, width)


def _terminal_width() -> int | None:
    from rich.console import Console

    return Console().width if sys.stdout.isatty() else None


def _is_the_same_for_all(key: Key, level: Level) -> bool:
    """Whether it is the one study or series in which everything was looked for."""
    above = {tag for each, tag in UNIQUE_KEYS.items() if each < level}
    return key.tag in above and len(key.values) == 1


def _least_width(path: Path, cells: Sequence[str]) -> int:
    longest = max(len(text) for text in (*_heading(path).split(), *cells))
    return (longest if _is_uid(path) else min(longest, _LEAST_WIDTH)) + _BETWEEN


def _is_uid(path: Path) -> bool:
    return vr_of(path[-1]) is VR.UI


def _heading(path: Path) -> str:
    name = name_of(path[-1])
    return _SHORT.get(name, name)


def _print_table(columns: Sequence[Path], rows: Sequence[Sequence[str]], width: int | None) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for path in columns:
        table.add_column(_heading(path), no_wrap=_is_uid(path), overflow="fold")
    for row in rows:
        table.add_row(*row)
    longest = sum(max(map(len, each)) + _BETWEEN for each in _texts(columns, rows))
    Console(markup=False, highlight=False, width=width or longest * 2).print(table)


def _texts(columns: Sequence[Path], rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    cells = zip(*rows, strict=True)
    return [(_heading(path), *texts) for path, texts in zip(columns, cells, strict=True)]


def _print_lists(columns: Sequence[Path], rows: Sequence[Sequence[str]]) -> None:
    names = [".".join(map(name_of, path)) for path in columns]
    widest = max(map(len, names))
    for row in rows:
        for name, text in zip(names, row, strict=True):
            typer.echo(f"{name:<{widest}}  {text}".rstrip())
        typer.echo()
