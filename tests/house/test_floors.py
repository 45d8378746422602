"""The architecture, as a test: a room imports only from floors below its own."""

from pathlib import Path

import pytest

from tests.house.floors import (
    APP_DOORS,
    DOORS,
    PLUGINS_MAY_IMPORT,
    PLUGINS_SHARE,
    ROOT,
    SANS_IO,
    SANS_IO_FORBIDDEN,
    imported_app_packages,
    imported_rooms,
    imports,
    modules,
    rooms,
)

SQL = {"sqlalchemy", "alembic", "sqlite3"}
OBJECT_MODELS = {"pydicom", "pynetdicom", "numpy"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_room_stands_in_the_table() -> None:
    assert set(rooms()) <= {*DOORS, "testing"}


@pytest.mark.parametrize("room", [room for room in rooms() if room != "testing"])
def test_a_room_imports_only_from_below(room: str) -> None:
    for path in modules(f"pacsd/{room}"):
        foreign = imported_rooms(path) - DOORS[room] - {room}
        assert not foreign, f"{named(path)} imports {sorted(foreign)}"


def test_every_package_of_app_stands_in_its_table() -> None:
    packages = {path.parent.name for path in (ROOT / "pacsd/app").glob("*/__init__.py")}
    assert packages | {"app"} == {*APP_DOORS}


@pytest.mark.parametrize("package", APP_DOORS)
def test_a_package_of_app_imports_only_from_below(package: str) -> None:
    folder = ROOT / "pacsd/app"
    paths = folder.glob("*.py") if package == "app" else (folder / package).rglob("*.py")
    for path in paths:
        foreign = imported_app_packages(path) - APP_DOORS[package] - {package}
        assert not foreign, f"{named(path)} imports {sorted(foreign)}"


@pytest.mark.parametrize("table", [DOORS, APP_DOORS], ids=["rooms", "app"])
def test_the_table_has_no_circle(table: dict[str, set[str]]) -> None:
    seen: list[str] = []
    while len(seen) < len(table):
        free = [room for room, doors in table.items() if room not in seen and doors <= {*seen}]
        assert free, f"a circle among {sorted(set(table) - {*seen})}"
        seen += free


@pytest.mark.parametrize("path", modules("plugins"), ids=named)
def test_a_plugin_imports_only_the_contract(path: Path) -> None:
    allowed = PLUGINS_MAY_IMPORT | ({"testing"} if "tests" in path.parts else set())
    assert imported_rooms(path) <= allowed


@pytest.mark.parametrize("path", modules("plugins"), ids=named)
def test_a_plugin_imports_no_other_plugin(path: Path) -> None:
    own = path.relative_to(ROOT / "plugins").parts[0]
    others = {name.split(".")[0] for name in imports(path) if name.startswith("pacsd_")}
    shared = {f"pacsd_{each}" for each, users in PLUGINS_SHARE.items() if own in users}
    assert others <= {f"pacsd_{own}", *shared}


@pytest.mark.parametrize("shared", PLUGINS_SHARE)
def test_what_plugins_share_is_no_plugin(shared: str) -> None:
    folder = ROOT / "plugins" / shared
    assert not (folder / "conf.toml").exists()
    assert not any("pacsd.api.hooks" in imports(path) for path in modules(f"plugins/{shared}"))


@pytest.mark.parametrize("room", SANS_IO)
def test_a_sans_io_room_knows_no_time_no_socket_no_chance(room: str) -> None:
    for path in modules(f"pacsd/{room}"):
        roots = {name.split(".")[0] for name in imports(path)}
        assert not roots & SANS_IO_FORBIDDEN, named(path)


@pytest.mark.parametrize("path", modules("pacsd", "plugins"), ids=named)
def test_only_the_index_knows_sql(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(path)}
    assert "index" in path.relative_to(ROOT).parts or not roots & SQL


def test_one_module_imports_an_object_model() -> None:
    """pydicom costs half a second and 70 MiB: only the self-test, a stranger, is made of it."""
    users = [
        named(path)
        for path in modules("pacsd", "plugins")
        if "tests" not in path.parts
        and {name.split(".")[0] for name in imports(path)} & OBJECT_MODELS
    ]
    assert users == ["pacsd/app/selftest.py"]
