"""What a machine has to have for programs to be confined."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pacsd_ai_process import cage
from pacsd_ai_process.cage import Cage


@pytest.fixture(scope="session")
def cage_holds(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where the system cannot confine a program; in CI that is a failure."""
    missing = _missing(tmp_path_factory.mktemp("cage"))
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


def _missing(data_dir: Path) -> str:
    for name in ("input", "output", "scratch"):
        (data_dir / "run" / name).mkdir(parents=True)
    true = Cage(["/bin/true"], str(data_dir / "run"), str(data_dir))
    hears, says = os.pipe()
    command = [sys.executable, "-E", "-s", cage.__file__, true.argument(), str(says)]
    subprocess.run(command, pass_fds=(says,), check=False, timeout=30)
    os.close(says)
    with os.fdopen(hears, "rb") as told:
        return "; ".join(json.loads(told.read() or b'["the cage failed"]'))
