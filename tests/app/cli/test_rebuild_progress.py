import io
import sys

import pytest

from pacsd.api.store import Location
from pacsd.app.cli.rebuild_progress import progress_bar, speed

FILE = Location("store_fs", "1/000/000/000/000.dcm", 2_000_000)


def test_how_fast_it_is() -> None:
    assert speed(3_000, 6_000_000, 2.0) == "1,500 objects/s, 3.0 MB/s"
    assert speed(0, 0, 0.0) == "0 objects/s, 0.0 MB/s"


def tell() -> None:
    with progress_bar() as bar:
        bar.expect(64)
        for _ in range(32):
            bar.read(FILE)
        bar.unreadable("1/000/000/000/001.dcm", "why")


def test_no_bar_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    tell()
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    tell()
    assert "32/64" in terminal.getvalue()
    assert "objects/s" in terminal.getvalue()
