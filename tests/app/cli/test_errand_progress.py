import sys
from io import StringIO

import pytest

from pacsd.app.cli.errand_progress import progress_bar


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("checking") as advance:
        advance(1, 2)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_a_bar_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("checking") as advance:
        advance(0, None)
        advance(7, 20)
    assert "checking" in terminal.getvalue()
    assert "7/20" in terminal.getvalue()
