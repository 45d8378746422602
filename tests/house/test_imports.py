"""Start-up stays quick: what is heavy is imported by whoever needs it, when it is needed."""

import subprocess
import sys

import pytest

HEAVY = {
    "aiohttp",
    "alembic",
    "numpy",
    "prometheus_client",
    "pydantic",
    "pydicom",
    "pynetdicom",
    "sqlalchemy",
    "uvloop",
}


def imported_by(statement: str) -> set[str]:
    """The top-level packages a fresh interpreter has after a statement."""
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_the_command_line_imports_nothing_heavy() -> None:
    assert not imported_by("import pacsd.app.cli.main") & HEAVY


@pytest.mark.parametrize("room", ["pacsd.ul.association", "pacsd.dimse.session"])
def test_the_protocol_core_stands_alone(room: str) -> None:
    third_party = {*HEAVY, "anyio", "structlog", "pluggy", "typer", "rich"}
    assert not imported_by(f"import {room}") & third_party
