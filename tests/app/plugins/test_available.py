import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from pacsd.api.errors import PluginError
from pacsd.app.plugins.available import available

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
