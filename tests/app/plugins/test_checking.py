from collections.abc import Collection
from importlib.metadata import EntryPoint
from pathlib import Path

from pacsd.app.conf.settings import Config, StoreSettings
from pacsd.app.plugins.checking import enabled, plugin_faults

BROKEN = (
    "plugin broken: cannot be imported: raised AttributeError:"
    " module 'tests.app.plugins.samples' has no attribute 'NotThere'"
)


def faults(config: Config, names: Collection[str] | None = None) -> list[str]:
    classes = {
        "well": "Well",
        "unwell": "Unwell",
        "unchecked": "Unchecked",
        "broken": "NotThere",
    }
    installed: dict[str, EntryPoint] = {
        name: EntryPoint(name, f"tests.app.plugins.samples:{attr}", "pacsd.plugins")
        for name, attr in classes.items()
    }
    return list(plugin_faults(config, names, installed=installed))


def config_of(tmp_path: Path, store: str, **plugins: dict[str, object]) -> Config:
    """All of them are trusted."""
    tables = {name: {"trusted": True, **table} for name, table in plugins.items()}
    return Config(data_dir=tmp_path, store=StoreSettings(name=store), plugins=tables)


def test_the_store_is_enabled_too() -> None:
    config = Config(store=StoreSettings(name="a"), plugins={"b": {}, "a": {}})
    assert enabled(config) == ["a", "b"]


def test_so_are_all_stores() -> None:
    config = Config(store=StoreSettings(name="a", others=("c", "d")), plugins={"b": {}, "d": {}})
    assert enabled(config) == ["a", "c", "d", "b"]


def test_all_faults_of_all_plugins_are_told(tmp_path: Path) -> None:
    config = config_of(
        tmp_path, "well", broken={}, unwell={}, unchecked={}, wel={}, well={"depth": 1}
    )
    assert faults(config) == [
        "plugins.well.depth: unknown key",
        BROKEN,
        "plugin unwell: the disk is gone",
        "plugin unwell: so is\\nthe other\\x1b[2J",
        "plugin unchecked: check raised OSError: no route to host",
        "plugins.wel: plugin 'wel' is not installed; did you mean well?",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_not_installed_is_named_by_its_key(tmp_path: Path) -> None:
    [fault] = faults(config_of(tmp_path, "wel"))
    assert fault.startswith("store.name: plugin 'wel' is not installed")


def test_so_is_one_of_several(tmp_path: Path) -> None:
    config = config_of(tmp_path, "well")
    store = StoreSettings(name="well", others=("well2", "wel"))
    found = faults(config.model_copy(update={"store": store}))
    assert [each.partition(": ")[0] for each in found] == ["store.others[1]", "store.others[2]"]


def test_only_those_named_are_looked_at(tmp_path: Path) -> None:
    config = config_of(tmp_path, "broken", unwell={}, well={})
    assert faults(config, ["well"]) == []
    assert len(faults(config, ["well", "unwell"])) == 2
