"""What every example has in common: it is short, and its entry point names its class."""

import tomllib
from pathlib import Path

import pytest

from pacsd.api.plugin import ENTRY_POINT_GROUP

EXAMPLES = Path(__file__).parents[2] / "contrib/examples"
PLUGINS = sorted(path.parent for path in EXAMPLES.glob("*/pyproject.toml"))


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_it_is_short(folder: Path) -> None:
    [module] = folder.glob("pacsd_*.py")
    assert len(module.read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_its_entry_point_names_its_class(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    [(name, value)] = project["project"]["entry-points"][ENTRY_POINT_GROUP].items()
    assert name == folder.name
    module, _, class_name = value.partition(":")
    assert f"class {class_name}(" in (folder / f"{module}.py").read_text(encoding="utf-8")
