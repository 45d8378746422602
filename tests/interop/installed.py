"""Examples of plugins as if installed: their modules and entry points on a search path."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.interop import peers


def installed(folder: Path, plugins: Mapping[str, str]) -> dict[str, str]:
    """The environment in which they are, of an empty folder; `plugins` are classes by examples."""
    for name, class_name in plugins.items():
        package = folder / f"pacsd_{name}-1.0.dist-info"
        package.mkdir()
        head = f"Metadata-Version: 2.1\nName: pacsd-{name}\nVersion: 1.0\n"
        (package / "METADATA").write_text(head)
        entry = f"[pacsd.plugins]\n{name} = pacsd_{name}:{class_name}\n"
        (package / "entry_points.txt").write_text(entry)
    modules = (str(peers.ROOT / "contrib/examples" / name) for name in plugins)
    return {"PYTHONPATH": os.pathsep.join([str(folder), *modules, *sys.path])}
