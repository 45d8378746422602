"""Clauses of the standard and the symbols that implement them, from the citations in the source."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contrib.docs.sections import code, table

_BREAK = r"(?:\s|#)+"
_NUMBER = r"(?:[A-Z]{1,2}(?:[.-]\d+)*|\d+(?:[.-]\d+)*)\b"
_CITATION = re.compile(
    rf"PS3\.(?P<part>\d+){_BREAK}(?P<kind>sections?|tables?|[Aa]nnex(?:es)?){_BREAK}"
    rf"(?P<first>{_NUMBER})(?P<others>(?:(?:,|{_BREAK}and|{_BREAK}to){_BREAK}{_NUMBER})*)"
)
_HEAD = """\
# Clauses of the DICOM standard and where they are implemented

Written by `make docs` from the citations in the source (`PS3.8 section 9.3.2`). A clause without a
row is not cited; that does not say that it is not followed.
"""


@dataclass(frozen=True, slots=True, order=True)
class Clause:
    """A clause or table of one part of the standard."""

    part: int
    order: tuple[tuple[int, str], ...]
    is_table: bool
    number: str

    def __str__(self) -> str:
        if self.is_table:
            return f"table {self.number}"
        return f"annex {self.number}" if self.number.isalpha() else self.number


def render(root: Path) -> str:
    """Write clauses.md."""
    places: dict[Clause, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in _sources(root):
        for clause, symbol in citations(path.read_text(encoding="utf-8")):
            places[clause][path.relative_to(root).as_posix()].add(symbol)
    parts = sorted({clause.part for clause in places})
    return "\n".join([_HEAD, *(_part(number, places) for number in parts)])


def citations(source: str) -> Iterator[tuple[Clause, str]]:
    """Yield each clause a module cites with the symbol around the citation, '' for the module."""
    symbols = list(_symbols(ast.parse(source), ""))
    for match in _CITATION.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        around = [(first, name) for first, last, name in symbols if first <= line <= last]
        symbol = max(around)[1] if around else ""
        for clause in _clauses(match):
            yield clause, symbol


def _clauses(match: re.Match[str]) -> Iterator[Clause]:
    numbers = [match["first"]]
    if match["kind"].endswith("s"):
        numbers += re.findall(_NUMBER, match["others"])
    for number in numbers:
        is_table = match["kind"].startswith("table")
        yield Clause(int(match["part"]), _order(number), is_table, number)


def _order(number: str) -> tuple[tuple[int, str], ...]:
    """Numbers before letters, 9.3 before 9.10."""
    pieces = re.split(r"[.-]", number)
    return tuple((int(piece), "") if piece.isdigit() else (10**6, piece) for piece in pieces)


def _symbols(node: ast.AST, prefix: str) -> Iterator[tuple[int, int, str]]:
    for child in ast.iter_child_nodes(node):
        name = prefix
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}.{child.name}" if prefix else child.name
            yield child.lineno, child.end_lineno or child.lineno, name
        yield from _symbols(child, name)


def _sources(root: Path) -> Iterator[Path]:
    for folder in ("pacsd", "plugins"):
        for path in sorted((root / folder).rglob("*.py")):
            if not {"tests", "__pycache__"} & {*path.parts}:
                yield path


def _part(number: int, places: dict[Clause, dict[str, set[str]]]) -> str:
    clauses = sorted(clause for clause in places if clause.part == number)
    rows = [(str(clause), "<br>".join(_links(places[clause]))) for clause in clauses]
    return f"## PS3.{number}\n\n{table(('Clause', 'Where'), rows)}\n"


def _links(files: dict[str, set[str]]) -> Iterator[str]:
    for file, symbols in sorted(files.items()):
        named = ", ".join(code(symbol) for symbol in sorted(symbols) if symbol)
        yield f"[{file}](../../{file})" + (f": {named}" if named else "")
