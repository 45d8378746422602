"""Named places at which a test kills the process, as a power cut would (free in production).

The environment variable CRASHPOINT of the process says where: `after_rename`, or `after_rename:3`
for the third time this point is passed. It is read once, when this module is first imported.
"""

import itertools
import os
import signal
from collections.abc import Callable

VARIABLE = "CRASHPOINT"


def armed(where: str) -> Callable[[str], None]:
    """The function that kills this process at `name` or `name:count`."""
    target, _, count = where.partition(":")
    passes = itertools.count(1)

    def reached(name: str) -> None:
        if name == target and next(passes) == int(count or 1):
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def unarmed(name: str) -> None:
    """Pass the point `name`."""


crashpoint = armed(os.environ[VARIABLE]) if VARIABLE in os.environ else unarmed
