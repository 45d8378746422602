import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from pacsd import __version__
from pacsd.api.errors import PluginError
from pacsd.app.plugins.available import InstalledPlugin, available, installed

GROUP = "pacsd.plugins"

LIST_ONLY = """
import sys
from pacsd.app.plugins.available import available
assert available()["store_fs"].value == "pacsd_store_fs:StoreFs"
assert "pacsd_store_fs" not in sys.modules
"""


def test_the_store_is_installed_and_listed_without_being_imported() -> None:
    subprocess.run([sys.executable, "-c", LIST_ONLY], check=True)


def test_two_packages_with_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = (EntryPoint("x", "a:A", GROUP), EntryPoint("x", "b:B", GROUP))
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: twice)
    with pytest.raises(PluginError, match="plugin x: provided twice, by a:A and b:B"):
        available()


def test_packages_are_told() -> None:
    [store] = [each for each in installed() if each.name == "store_fs"]
    assert store == InstalledPlugin("store_fs", "pacsd", __version__)
    assert store.is_first_party


def test_a_package_that_is_not_known_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = (EntryPoint("x", "a:A", GROUP), EntryPoint("b", "b:B", GROUP))
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: alone)
    assert installed() == [InstalledPlugin("b", "", ""), InstalledPlugin("x", "", "")]
    assert not installed()[0].is_first_party
