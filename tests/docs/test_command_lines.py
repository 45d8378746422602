"""Every `pacsd ...` in the documents is a command that exists, with options it has."""

from pathlib import Path
from typing import Any

import pytest
import typer

from pacsd.app.cli.main import build
from tests.docs.documents import command_lines, documents

Command = Any
"""typer does not export the class of its commands."""


@pytest.fixture(scope="module")
def command() -> Command:
    """The command line, of which no command does anything."""
    root = typer.main.get_command(build())
    disarm(root)
    return root


def disarm(command: Command) -> None:
    inside = getattr(command, "commands", {})
    for each in inside.values():
        disarm(each)
    if not inside:
        command.callback = lambda **_: None


def exit_code(command: Command, arguments: list[str]) -> object:
    with pytest.raises(SystemExit) as left:
        command.main(arguments, prog_name="pacsd")
    return left.value.code


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_command_lines_parse(command: Command, path: Path) -> None:
    for arguments in command_lines(path.read_text(encoding="utf-8")):
        assert exit_code(command, arguments) == 0, f"pacsd {' '.join(arguments)}"


@pytest.mark.parametrize(
    "arguments",
    [["srve"], ["serve", "--dicom", "x"], ["peers", "lst"], ["echo"], ["peers", "show"]],
)
def test_wrong_ones_do_not(command: Command, arguments: list[str]) -> None:
    assert exit_code(command, arguments) == 2


def test_command_lines_are_found() -> None:
    text = """\
Say `pacsd echo CT1` or `pacsd explain last-reject [AET]`, not `pacsd.api` or `pacsd`.

```console
$ PACSD_CONFIG=x .venv/bin/pacsd peers list --json | head   # all
pacsd 0.1.0, process 17
```

```sh
sudo -u pacsd /opt/pacsd/bin/pacsd status
pip install pacsd
```

```python
pacsd check
```
"""
    assert list(command_lines(text)) == [
        ["peers", "list", "--json"],
        ["status"],
        ["echo", "CT1", "--help"],
        ["explain", "last-reject", "AET", "--help"],
    ]
