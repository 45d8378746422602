import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from contrib.docs.generate import ROOT
from pacsd.app.plugins.new_plugin import NotMade, kinds, make_plugin

LONGEST = "a234567890_234567890_234567890_2"
"""32 characters: with them no line becomes too long."""


def test_there_are_kinds() -> None:
    assert kinds() == ["ai", "auth", "gate", "route", "store"]


@pytest.mark.parametrize("kind", kinds())
def test_a_package_is_written_with_its_names(tmp_path: Path, kind: str) -> None:
    folder = make_plugin("my_own", kind, tmp_path, ())
    assert folder == tmp_path / "pacsd-my-own"
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "pacsd-my-own"
    [(name, value)] = project["entry-points"]["pacsd.plugins"].items()
    module, _, named = value.partition(":")
    assert (name, module) == ("my_own", "pacsd_my_own")
    source = (folder / "src/pacsd_my_own/__init__.py").read_text(encoding="utf-8")
    assert f"class {named}(" in source
    conf = tomllib.loads((folder / "conf.toml").read_text(encoding="utf-8"))
    assert list(conf["plugins"]) == ["my_own"]
    names = [path.name for path in folder.rglob("*")]
    assert {"README.md", "py.typed", "tests"} < {*names}
    assert not [name for name in names if "NAME" in name or name.endswith(".template")]


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("name", ["my_own", LONGEST])
def test_what_is_written_is_clean(tmp_path: Path, kind: str, name: str) -> None:
    folder = make_plugin(name, kind, tmp_path, ())
    ruff = [sys.executable, "-m", "ruff"]
    ours = ["--no-cache", "--config", str(ROOT / "pyproject.toml"), "--ignore", "I001,INP001"]
    for command in (
        [*ruff, "check", "--no-cache", "."],
        [*ruff, "check", *ours, "."],
        [*ruff, "format", "--no-cache", "--check", "."],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "",
        "My",
        "1st",
        "a-b",
        "a__b",
        "a_",
        "_a",
        "a.b",
        "../x",
        "a/b",
        "a\n",
        "ä",
        "class",
        "a" * 33,
    ],
)
def test_names_that_will_not_do(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotMade, match="lower-case letters, digits and single underscores"):
        make_plugin(name, "gate", tmp_path, ())
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_and_a_kind_there_is_none_of(tmp_path: Path) -> None:
    with pytest.raises(NotMade, match="name 'store_fs': a plugin of this name is installed"):
        make_plugin("store_fs", "gate", tmp_path, ["store_fs"])
    with pytest.raises(NotMade, match=r"kind '\.\.': there is ai, auth, gate, route, store"):
        make_plugin("mine", "..", tmp_path, ())
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "pacsd-mine").mkdir()
    with pytest.raises(NotMade, match="is there already"):
        make_plugin("mine", "gate", tmp_path, ())
    assert list((tmp_path / "pacsd-mine").iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotMade, match="Not a directory"):
        make_plugin("mine", "gate", tmp_path / "file", ())


def test_what_was_begun_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pacsd.app.plugins.new_plugin._write", fail)
    with pytest.raises(NotMade, match="No space left"):
        make_plugin("mine", "gate", tmp_path, ())
    assert list(tmp_path.iterdir()) == []
