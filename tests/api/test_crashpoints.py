import os
import signal
import subprocess
import sys

import pytest

from pacsd.api import crashpoints

THREE_TIMES = """
from pacsd.api.crashpoints import crashpoint
for count in range(3):
    crashpoint("elsewhere")
    crashpoint("here")
    print(count, flush=True)
"""


@pytest.mark.parametrize(
    ("where", "passed", "code"),
    [
        (None, ["0", "1", "2"], 0),
        ("here", [], -signal.SIGKILL),
        ("here:3", ["0", "1"], -signal.SIGKILL),
        ("nowhere", ["0", "1", "2"], 0),
    ],
)
def test_kills_the_process_at_the_named_pass(
    where: str | None, passed: list[str], code: int
) -> None:
    environment = dict(os.environ)
    if where is not None:
        environment[crashpoints.VARIABLE] = where
    run = subprocess.run(
        [sys.executable, "-c", THREE_TIMES],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.stdout.split() == passed
    assert run.returncode == code


def test_is_free_without_the_variable() -> None:
    assert crashpoints.crashpoint is crashpoints.unarmed
