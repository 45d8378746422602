import pytest
import typer

from pacsd.app.cli import with_confirmation
from pacsd.app.cli.with_confirmation import confirm


def test_who_says_yes_is_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    confirm("Really?", yes=True)
    assert capsys.readouterr() == ("", "")


def test_where_nobody_can_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(with_confirmation, "_is_terminal", lambda: False)
    with pytest.raises(typer.Exit) as left:
        confirm("Really?", yes=False)
    assert left.value.exit_code == 1
    assert capsys.readouterr().err == "Really? Say so with --yes: this is no terminal.\n"


@pytest.mark.parametrize("answer", [True, False])
def test_asked(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    monkeypatch.setattr(with_confirmation, "_is_terminal", lambda: True)
    monkeypatch.setattr(typer, "confirm", lambda _: answer)
    if answer:
        confirm("Really?", yes=False)
    else:
        with pytest.raises(typer.Exit):
            confirm("Really?", yes=False)
