from pathlib import Path

import pytest

from pacsd.app.index_folder import begin, complete, is_there, settled, stores_in_use


def write(folder: Path, text: str) -> None:
    (folder / "index.sqlite").write_text(text)


def read(folder: Path) -> str:
    return (folder / "index.sqlite").read_text()


def names(data_dir: Path) -> list[str]:
    return sorted(path.name for path in data_dir.iterdir())


def made(data_dir: Path, text: str = "new") -> None:
    write(begin(data_dir), text)


def test_it_is_made_for_us_alone(tmp_path: Path) -> None:
    folder = settled(tmp_path)
    assert folder == tmp_path / "index"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert settled(tmp_path) == folder


def test_whether_it_is_there(tmp_path: Path) -> None:
    assert not is_there(tmp_path)
    settled(tmp_path)
    assert not is_there(tmp_path)
    made(tmp_path)
    assert not is_there(tmp_path)
    complete(tmp_path)
    assert is_there(tmp_path)
    (tmp_path / "index").rename(tmp_path / "index.rebuilt")
    assert is_there(tmp_path)


def test_a_new_one_takes_its_place_and_the_old_one_stays(tmp_path: Path) -> None:
    write(settled(tmp_path), "old")
    made(tmp_path)
    before = complete(tmp_path)
    assert before is not None
    assert before.name.startswith("index.before-rebuild-2")
    assert (read(before), read(settled(tmp_path))) == ("old", "new")
    assert names(tmp_path) == ["index", before.name]


def test_without_an_old_one_there_is_none_to_keep(tmp_path: Path) -> None:
    made(tmp_path)
    assert complete(tmp_path) is None
    assert read(settled(tmp_path)) == "new"


def test_two_within_a_second_are_both_kept(tmp_path: Path) -> None:
    for text in ("1", "2", "3"):
        made(tmp_path, text)
        complete(tmp_path)
    assert len(names(tmp_path)) == 3
    assert {read(tmp_path / name) for name in names(tmp_path)} == {"1", "2", "3"}


def test_what_was_not_finished_goes(tmp_path: Path) -> None:
    write(settled(tmp_path), "old")
    made(tmp_path)
    assert read(settled(tmp_path)) == "old"
    assert names(tmp_path) == ["index"]


def test_a_second_attempt_begins_empty(tmp_path: Path) -> None:
    made(tmp_path)
    assert [*begin(tmp_path).iterdir()] == []


class Crash(Exception):
    """The process is gone."""


@pytest.mark.parametrize("renames", range(3))
def test_a_crash_at_any_rename_loses_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    write(settled(tmp_path), "old")
    made(tmp_path)
    rename, left = Path.rename, [renames]

    def failing(path: Path, target: Path) -> Path:
        if not left[0]:
            raise Crash
        left[0] -= 1
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", failing)
        with pytest.raises(Crash):
            complete(tmp_path)
    # Complete it was only after the first one.
    assert read(settled(tmp_path)) == ("new" if renames else "old")
    others = [name for name in names(tmp_path) if name != "index"]
    assert [read(tmp_path / name) for name in others] == (["old"] if renames else [])


def test_without_an_index_that_can_be_read_nobody_knows_which_stores_are_in_use(
    tmp_path: Path,
) -> None:
    assert stores_in_use(tmp_path) is None
    write(settled(tmp_path), "no database")
    assert stores_in_use(tmp_path) is None
