"""The floor table: the law of who may import whom. There is no list of exemptions."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DOORS: dict[str, set[str]] = {
    "dicom": set(),
    "ul": {"dicom"},
    "dimse": {"dicom", "ul"},
    "dicomweb": {"dicom"},
    "imaging": {"dicom"},
    "api": {"dicom"},
    "index": {"dicom", "api"},
    "archive": {"dicom", "imaging", "api", "index"},
    "jobs": {"dicom", "api", "index", "archive"},
    "net": {"dicom", "ul", "dimse", "dicomweb", "imaging", "api", "archive"},
    "app": {
        "dicom",
        "ul",
        "dimse",
        "dicomweb",
        "imaging",
        "api",
        "index",
        "archive",
        "jobs",
        "net",
    },
}
"""Room -> the rooms it may import, beside itself. `testing` may import all, and nobody it."""

APP_DOORS: dict[str, set[str]] = {
    "conf": set(),
    "admin": set(),
    "isolation": {"conf"},
    "plugins": {"conf", "isolation"},
    "app": {"conf", "admin", "isolation", "plugins"},
    "cli": {"conf", "admin", "isolation", "plugins", "app"},
}
"""The same inside `app`, by package; "app" stands for the modules that lie in no package of it."""

PLUGINS_MAY_IMPORT = {"api", "dicom"}

PLUGINS_SHARE = {"s3_client": {"store_s3", "target_s3"}}
"""Folders of `plugins` that are no plugin, and the plugins that share each."""

SANS_IO = ("dicom", "ul", "dimse", "dicomweb")
SANS_IO_FORBIDDEN = {"asyncio", "anyio", "socket", "time", "logging", "structlog", "random"}


def modules(*folders: str) -> list[Path]:
    """Every Python module below these folders of the repository."""
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return [path for path in found if "__pycache__" not in path.parts]


def rooms() -> list[str]:
    """The rooms that are built."""
    return sorted(path.parent.name for path in (ROOT / "pacsd").glob("*/__init__.py"))


def imports(path: Path) -> Iterator[str]:
    """The dotted names a module imports, wherever in it; relative ones are not used here."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imported_rooms(path: Path) -> set[str]:
    """The rooms of pacsd a module imports from."""
    names = (name.split(".") for name in imports(path))
    return {parts[1] for parts in names if parts[0] == "pacsd" and len(parts) > 1} & {
        *DOORS,
        "testing",
    }


def imported_app_packages(path: Path) -> set[str]:
    """The packages of `app` a module imports from, named as in APP_DOORS."""
    names = (name.split(".") for name in imports(path))
    inside = {parts[2] for parts in names if parts[:2] == ["pacsd", "app"] and len(parts) > 2}
    return {name if name in APP_DOORS else "app" for name in inside}
