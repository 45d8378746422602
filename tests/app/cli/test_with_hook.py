import pytest
import typer

from pacsd.app.cli.with_hook import see_that_it_is_a_hook


def test_a_hook_passes(capsys: pytest.CaptureFixture[str]) -> None:
    see_that_it_is_a_hook("pacsd_before_delete")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("pacsd_befor_delete", "did you mean pacsd_before_delete?"),
        ("x", "`pacsd hooks` lists them"),
    ],
)
def test_what_is_none_is_told(name: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        see_that_it_is_a_hook(name)
    assert left.value.exit_code == 2
    assert capsys.readouterr() == ("", f"'{name}': no such hook; {told}\n")
