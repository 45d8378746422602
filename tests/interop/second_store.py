"""A daemon's search path and configuration with two file stores, of which a plugin chooses."""

import os
import sys
from pathlib import Path

from tests.interop import peers

SECOND = "archive_fs"
"""The file store once more, by another name."""

CONFIGURATION = """
[store]
unsafe_tmpfs = true
others = ["archive_fs"]

[plugins.archive_fs]
trusted = true
isolation = "inline"
root = "archive"
{durability}
[plugins.by_modality]
{living}
stores = {{ MR = "archive_fs", XX = "nowhere" }}
"""

_ENTRY_POINTS = {
    SECOND: "pacsd_store_fs:StoreFs",
    "by_modality": "pacsd_by_modality:ByModality",
}


def installed(folder: Path) -> dict[str, str]:
    """The environment in which both are installed, on a search path of their own."""
    for name, entry_point in _ENTRY_POINTS.items():
        package = folder / f"pacsd_{name}-1.0.dist-info"
        package.mkdir(parents=True)
        head = f"Metadata-Version: 2.1\nName: pacsd-{name}\nVersion: 1.0\n"
        (package / "METADATA").write_text(head)
        (package / "entry_points.txt").write_text(f"[pacsd.plugins]\n{name} = {entry_point}\n")
    modules = str(peers.ROOT / "contrib/examples/by_modality")
    return {"PYTHONPATH": os.pathsep.join([str(folder), modules, *sys.path])}


def configured(folder: Path, living: str = "", durability: str = "") -> Path:
    """The configuration file; `living` are further lines for who chooses."""
    path = folder / "pacsd.toml"
    path.write_text(CONFIGURATION.format(living=living, durability=durability))
    return path
