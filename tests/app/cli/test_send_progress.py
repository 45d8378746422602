import io

import pytest
from rich.console import Console
from rich.progress import Progress

from pacsd.app.cli.send_progress import Bar, progress_bar


def test_no_bar_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as bar:
        bar.expect(10)
        bar.advance()
        bar.say("a line")
    assert not bar.is_shown
    assert capsys.readouterr() == ("", "a line\n")


def test_a_bar_on_a_terminal() -> None:
    out = io.StringIO()
    with Progress(console=Console(file=out, force_terminal=True)) as progress:
        bar = Bar(progress)
        bar.expect(2)
        bar.advance()
        bar.say("[bold]/a path: [0]")
        (task,) = progress.tasks
        assert (task.completed, task.total) == (1, 2)
    assert "[bold]/a path: [0]" in out.getvalue()


def test_a_terminal_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with progress_bar() as bar:
        assert bar.is_shown
