import json
from pathlib import Path

import pytest
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.root import MARKER, RootError, StoreRoot, open_root, problems


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def identity_file(tmp_path: Path) -> Path:
    return tmp_path / "store_fs.json"


def opened_and_closed(root: Path, identity_file: Path) -> StoreRoot:
    opened = open_root(root, identity_file, Disk())
    opened.close()
    return opened


def check_refused(root: Path, identity_file: Path, reason: str) -> None:
    """Refused by both, and nothing is left open or changed."""
    before = sorted(root.parent.rglob("*"))
    [problem] = problems(root, identity_file)
    assert reason in problem
    with pytest.raises(RootError, match=reason):
        open_root(root, identity_file, Disk())
    assert sorted(root.parent.rglob("*")) == before


def test_makes_a_new_root(root: Path, identity_file: Path) -> None:
    assert problems(root, identity_file) == []
    assert not root.exists()
    opened = opened_and_closed(root, identity_file)
    marker = json.loads((root / MARKER).read_text())
    assert marker == {"format": 1, "store": opened.identity}
    assert json.loads(identity_file.read_text()) == marker
    assert root.stat().st_mode & 0o777 == 0o700
    assert opened.objects.is_dir()


def test_keeps_its_identity(root: Path, identity_file: Path) -> None:
    first = opened_and_closed(root, identity_file)
    assert problems(root, identity_file) == []
    assert opened_and_closed(root, identity_file).identity == first.identity


def test_a_root_may_be_an_empty_file_system(root: Path, identity_file: Path) -> None:
    (root / "lost+found").mkdir(parents=True)
    assert opened_and_closed(root, identity_file).identity


def test_starts_after_a_crash_between_its_markers(root: Path, identity_file: Path) -> None:
    first = opened_and_closed(root, identity_file)
    identity_file.unlink()
    assert opened_and_closed(root, identity_file).identity == first.identity
    assert identity_file.exists()


def test_starts_after_a_crash_before_its_marker(root: Path, identity_file: Path) -> None:
    root.mkdir()
    (root / f"{MARKER}.new").write_text("{")
    (root / "lock").touch()
    assert opened_and_closed(root, identity_file).identity


def test_removes_staged_objects(root: Path, identity_file: Path) -> None:
    opened = opened_and_closed(root, identity_file)
    (opened.stage / "7").write_bytes(b"half")
    opened_and_closed(root, identity_file)
    assert list(opened.stage.iterdir()) == []


def test_refuses_a_root_that_is_not_mounted(root: Path, identity_file: Path) -> None:
    opened_and_closed(root, identity_file)
    root.rename(root.with_name("unmounted"))
    check_refused(root, identity_file, "is its disk mounted")
    root.mkdir()
    check_refused(root, identity_file, "is its disk mounted")


def test_refuses_another_store(root: Path, identity_file: Path, tmp_path: Path) -> None:
    opened_and_closed(root, identity_file)
    other = tmp_path / "other"
    opened_and_closed(other, tmp_path / "other.json")
    check_refused(other, identity_file, "names store")


def test_refuses_a_directory_with_something_else(root: Path, identity_file: Path) -> None:
    root.mkdir()
    (root / "holiday.jpg").touch()
    check_refused(root, identity_file, "neither empty nor a store")


@pytest.mark.parametrize(
    ("marker", "reason"),
    [
        ("", "not a store's marker"),
        ("[]", "not a store's marker"),
        ("{}", "not a store's marker"),
        ('{"format": "x", "store": "y"}', "not a store's marker"),
        ("[" * 4000, "not a store's marker"),
        ('{"format": 2, "store": "y"}', "format 2, but this version knows 1"),
    ],
)
def test_refuses_markers_it_does_not_know(
    root: Path, identity_file: Path, marker: str, reason: str
) -> None:
    root.mkdir()
    (root / MARKER).write_text(marker)
    check_refused(root, identity_file, reason)


def test_refuses_a_file(root: Path, identity_file: Path) -> None:
    root.touch()
    check_refused(root, identity_file, "not a directory")


@pytest.mark.parametrize("is_link", [False, True])
def test_refuses_a_whole_file_system(tmp_path: Path, identity_file: Path, is_link: bool) -> None:
    link = tmp_path / "link"
    link.symlink_to("/")
    [problem] = problems(link if is_link else Path("/"), identity_file)
    assert "a whole file system is no place" in problem


def test_refuses_a_second_opener(root: Path, identity_file: Path) -> None:
    opened = open_root(root, identity_file, Disk())
    with pytest.raises(RootError, match="another process uses this store"):
        open_root(root, identity_file, Disk())
    opened.close()
    opened_and_closed(root, identity_file)


def test_refuses_a_root_of_somebody_else(
    root: Path, identity_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.mkdir()
    owner = root.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)
    check_refused(root, identity_file, f"belongs to user {owner}")
