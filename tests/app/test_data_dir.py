import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pacsd.app.data_dir import LOCK_NAME, DataDirError, locked


def test_it_is_made_for_us_alone(tmp_path: Path) -> None:
    with locked(tmp_path / "new" / "data") as data_dir:
        assert data_dir.is_absolute()
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE((data_dir / LOCK_NAME).stat().st_mode) == 0o600
        assert (data_dir / LOCK_NAME).read_text() == f"{os.getpid()}\n"


def test_a_second_daemon_is_told_who_holds_it(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(DataDirError) as refused, locked(tmp_path):
        pass
    assert f"another pacsd (process {os.getpid()}) uses it" in str(refused.value)


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path):
            pass


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib\n"
        "from pacsd.app.data_dir import locked\n"
        "with locked(pathlib.Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == -9
    with locked(tmp_path):
        pass


def test_what_cannot_be_made_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    refused = pytest.raises(DataDirError, match=r"data_dir = .*/file/data: Not a directory")
    with refused, locked(in_the_way / "data"):
        pass
