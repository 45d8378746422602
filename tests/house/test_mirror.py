"""Tests mirror modules: `pacsd/ul/pdu.py` is tested by `tests/ul/test_pdu.py`."""

from pathlib import Path

import pytest

from tests.house.floors import ROOT, modules


def mirror(path: Path) -> Path:
    """Where the test of a module stands."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "plugins":
        folder = ROOT / "plugins" / parts[1] / "tests"
        # A folder of the plugin's name keeps apart what is called the same elsewhere: for mypy.
        own = folder / parts[1]
        return (own if own.is_dir() else folder) / f"test_{path.stem}.py"
    return ROOT.joinpath("tests", *parts[1:-1], f"test_{path.stem}.py")


TESTED = [
    path
    for path in modules("pacsd", "plugins")
    if "tests" not in path.parts
    and path.name not in {"__init__.py", "__main__.py"}
    and not path.name.endswith("_data.py")
]


@pytest.mark.parametrize("path", TESTED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_has_its_test(path: Path) -> None:
    assert mirror(path).is_file(), mirror(path).relative_to(ROOT)


@pytest.mark.parametrize("path", TESTED, ids=lambda path: str(path.relative_to(ROOT)))
def test_its_test_tests_something(path: Path) -> None:
    if mirror(path).is_file():
        assert "def test_" in mirror(path).read_text(encoding="utf-8")
