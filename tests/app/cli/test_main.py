import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from pacsd import __version__
from pacsd.app.cli.main import build


def test_version() -> None:
    result = CliRunner().invoke(build(), ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"pacsd {__version__}\n")


def test_every_group_of_commands_is_there() -> None:
    result = CliRunner().invoke(build(), ["--help"])
    assert all(name in result.stdout for name in ("check", "conf", "peers"))


def test_unknown_command() -> None:
    assert CliRunner().invoke(build(), ["chekc"]).exit_code == 2


def test_the_command_starts_without_what_it_does_not_need() -> None:
    code = "import sys; from pacsd.app.cli.main import build; build(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=os.environ, text=True
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"pydantic", "asyncio", "aiohttp", "pydicom", "pynetdicom", "structlog"}


def test_main_is_the_entry_point() -> None:
    code = (
        "import sys; from pacsd.app.cli.main import main; sys.argv = ['pacsd', '--version']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == f"pacsd {__version__}\n"


def test_ctrl_c_where_no_command_expects_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pacsd.app.conf.checks.check", interrupted)
    result = CliRunner().invoke(build(), ["check"])
    assert (result.exit_code, result.stderr) == (130, "interrupted\n")
