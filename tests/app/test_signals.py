import subprocess
import sys

import pytest

PROGRAM = """
import os, signal
import anyio
from pacsd.app.signals import signals_taken

async def main():
    with signals_taken(signal.SIGTERM, signal.SIGHUP) as taken:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        print([(await anext(taken)).name for _ in range(2)])
    os.kill(os.getpid(), signal.SIGTERM)

anyio.run(main, backend_options={"use_uvloop": USE_UVLOOP})
os.kill(os.getpid(), signal.SIGTERM)
print("the end")
"""


@pytest.mark.parametrize("use_uvloop", [True, False])
def test_signals_are_taken_and_mean_nothing_afterwards(*, use_uvloop: bool) -> None:
    program = PROGRAM.replace("USE_UVLOOP", str(use_uvloop))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    [first, last] = done.stdout.splitlines()
    assert sorted(first[1:-1].split(", ")) == ["'SIGHUP'", "'SIGTERM'"]
    assert last == "the end"


WAITING = """
import signal
import anyio
from pacsd.app.signals import signals_taken

async def main():
    with signals_taken(signal.SIGTERM) as taken:
        print("waits", flush=True)
        print((await anext(taken)).name)

anyio.run(main, backend_options={"use_uvloop": USE_UVLOOP})
"""


@pytest.mark.parametrize("use_uvloop", [True, False])
def test_a_loop_that_only_waits_is_woken(*, use_uvloop: bool) -> None:
    program = WAITING.replace("USE_UVLOOP", str(use_uvloop))
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "waits\n"
        waiting.terminate()
        assert waiting.stdout.read() == "SIGTERM\n"
        assert waiting.wait(15) == 0
