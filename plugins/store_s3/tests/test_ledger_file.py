from pathlib import Path

import pytest
from pacsd_store_s3.ledger_file import LedgerFile, sync_directory


def test_lines_are_read_as_appended(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path / "ledger")
    assert file.read() is None
    file.replace(["one"])
    file.append(["two", "three"], sync=True)
    file.append(["four"], sync=False)
    assert file.read() == ["one", "two", "three", "four"]
    file.replace(["anew"])
    file.append(["more"], sync=True)
    file.close()
    assert file.read() == ["anew", "more"]
    assert (tmp_path / "ledger").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("cut", range(1, 13))
def test_what_a_crash_cut_short_is_left_out(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "ledger"
    LedgerFile(path).replace(["one", "two"])
    path.write_bytes(path.read_bytes()[:-cut])
    assert LedgerFile(path).read() == ["one"]


def test_nothing_behind_damage_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    LedgerFile(path).replace(["one", "two", "three"])
    path.write_bytes(path.read_bytes().replace(b"two", b"tw0"))
    assert LedgerFile(path).read() == ["one"]


def test_a_directory_is_flushed(tmp_path: Path) -> None:
    sync_directory(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_directory(tmp_path / "missing")
