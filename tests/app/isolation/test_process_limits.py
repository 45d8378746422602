import os
import subprocess
import sys

from pacsd.app.isolation.process_limits import resident_bytes

LIMITED = """
import resource
from pacsd.app.isolation.process_limits import limit_memory

limit_memory(200)
kept = bytearray(50 * 1024**2)
try:
    bytearray(400 * 1024**2)
except MemoryError:
    print("refused", resource.getrlimit(resource.RLIMIT_CORE))
"""

ENDS_WITH_NOBODY = """
from pacsd.app.isolation.process_limits import end_with

try:
    end_with(1 << 22)
except ProcessLookupError as error:
    print(error)
"""


def said(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=55
    )
    return done.stdout.strip()


def test_memory_has_a_limit_and_nothing_is_left_in_a_core_file() -> None:
    assert said(LIMITED) == "refused (0, 0)"


def test_who_has_no_parent_any_more_is_told() -> None:
    assert said(ENDS_WITH_NOBODY) == f"process {1 << 22} has ended"


def test_what_a_process_has_in_memory() -> None:
    assert (resident_bytes(os.getpid()) or 0) > 1024**2
    assert resident_bytes(1 << 22) is None
