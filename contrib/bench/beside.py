"""Plugins put beside pacsd without installing them: what a daemon needs to find them."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pacsd.api.plugin import ENTRY_POINT_GROUP


def entry_points_of(package: Path) -> Mapping[str, str]:
    """The plugins of a package, as its pyproject.toml names them."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: Mapping[str, str] = project["entry-points"][ENTRY_POINT_GROUP]
    return found


def made_available(folder: Path, name: str, plugins: Mapping[str, str], *places: Path) -> str:
    """Describe plugins as installed, by metadata in a folder.

    `plugins` is as in entry points, `places` is where their modules are.

    Returns:
        The PYTHONPATH with which a daemon finds them.
    """
    metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir(exist_ok=True)
    facts = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    (metadata / "METADATA").write_text(facts, encoding="utf-8")
    lines = [f"[{ENTRY_POINT_GROUP}]", *(f"{key} = {value}" for key, value in plugins.items())]
    (metadata / "entry_points.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    inherited = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(folder), *map(str, places), *([inherited] if inherited else [])])
