"""What is being asked for by name while somebody waits for it, so that circles are found.

It goes with the task, and into tasks and threads' event loops that are begun by it. Who calls into
another process takes it along (`asked_for`), and has it hold there and on the way back (`within`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

from pacsd.api.errors import Circular

MAX_DEPTH = 8

Asked: TypeAlias = tuple[tuple[str, str], ...]
"""Hook and name of each, the outermost first; each needs the next one."""

_asked: ContextVar[Asked] = ContextVar("asked", default=())


def asked_for() -> Asked:
    """What the running task works for."""
    return _asked.get()


@contextmanager
def within(asked: Asked) -> Iterator[None]:
    """Work for what was asked for elsewhere."""
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)


@contextmanager
def asking_for(hook: str, name: str) -> Iterator[None]:
    """Ask for something.

    Raises:
        Circular: it is what it would be made of, or the last of too many.
    """
    asked = _asked.get()
    if (hook, name) in asked:
        circle = " -> ".join(each for _, each in (*asked, (hook, name)))
        raise Circular(name, hook, f"each needs the next one: {circle}")
    if len(asked) >= MAX_DEPTH:
        raise Circular(name, hook, f"more than {MAX_DEPTH} that each need the next one")
    with within((*asked, (hook, name))):
        yield
