"""Rooms stay small enough to be read: when one outgrows its walls, split it."""

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from statistics import median

import pytest

from tests.house.floors import ROOT, modules

MAX_MODULE_LINES = 600
MAX_FUNCTION_LINES = 60
MEDIAN_FUNCTION_LINES = 10
MAX_PLATE_LINES = 40
EMPTY_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "misc", "base"}

WRITTEN = [
    path
    for path in modules("pacsd", "plugins")
    if "tests" not in path.parts and not path.name.endswith("_data.py")
]

PLATES = [path for path in modules("pacsd") if path.name == "__init__.py"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Its lines without the docstring."""
    first = function.body[0]
    is_documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    spoken = (first.end_lineno or 0) - first.lineno + 1 if is_documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - spoken


@pytest.mark.parametrize("path", WRITTEN, ids=named)
def test_a_module_is_one_idea_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_MODULE_LINES


@pytest.mark.parametrize("path", WRITTEN, ids=named)
def test_a_function_fits_a_screen(path: Path) -> None:
    long = [function.name for function in functions(path) if code_lines(function) > 60]
    assert long == []


def test_most_functions_are_short() -> None:
    lengths = [code_lines(each) for each in chain.from_iterable(map(functions, WRITTEN))]
    assert median(lengths) <= MEDIAN_FUNCTION_LINES


def test_names_say_something() -> None:
    assert [named(path) for path in WRITTEN if path.stem in EMPTY_NAMES] == []


@pytest.mark.parametrize("path", PLATES, ids=named)
def test_a_room_has_a_plate(path: Path) -> None:
    plate = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert 1 <= len(plate.splitlines()) <= MAX_PLATE_LINES
    assert len(plate.split()) >= 15, "a plate says purpose, what comes in, what goes out"
