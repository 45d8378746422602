"""Errands: long work that the daemon does for a command, which looks on until it is over.

    {"command": "errand.start", "kind": "check", ...}   -> its number
    {"command": "errand.look", "number": 3}             -> how far it is
    {"command": "errand.cancel", "number": 3}

One of each kind at a time. An errand that nobody looks at any more is given up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import anyio
import structlog
from anyio.abc import TaskGroup

from pacsd.app.admin.unix_socket import AdminError, Command

PATIENCE_S = 60.0
"""After which an errand is given up if nobody has looked at it."""

LOOK_S = 0.5
"""For which a look waits for the end."""

STOPPED = "the daemon stopped"
"""Why an errand ended that nobody gave up."""

_log = structlog.get_logger("pacsd.admin")

Arguments = Mapping[str, object]


class ErrandError(Exception):
    """An errand could not be done; the text is for whoever wanted it."""


class Errand(Protocol):
    """A piece of long work. What it did so far is kept when it is cancelled."""

    async def run(self) -> None:
        """Do it.

        Raises:
            ErrandError: it cannot be done.
        """

    def report(self) -> object:
        """How far it is, as a record that JSON can say; at any time."""


Begin = Callable[[Arguments], Errand]
"""Makes an errand of a command's arguments; AdminError if they will not do."""

TellEnded = Callable[[str, object, str], None]
"""Is told of the end of an errand: its kind, its last report, and why it ended too early, or ''."""


def _tell_nobody(_kind: str, _report: object, _failure: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class ErrandLook:
    """What there is to be seen of an errand; `failure` is why it ended too early, or ''."""

    number: int
    is_over: bool
    failure: str
    report: object


@dataclass(slots=True)
class _Started:
    number: int
    errand: Errand
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    over: anyio.Event = field(default_factory=anyio.Event)
    failure: str = ""


class Errands:
    """Runs errands while `run` runs; `kinds` says how each is begun."""

    def __init__(
        self,
        kinds: Mapping[str, Begin],
        *,
        patience_s: float = PATIENCE_S,
        tell_ended: TellEnded = _tell_nobody,
    ) -> None:
        self._kinds = kinds
        self._tell_ended = tell_ended
        self._patience_s = patience_s
        self._last: dict[str, _Started] = {}
        self._count = 0
        self._tasks: TaskGroup | None = None

    @property
    def commands(self) -> dict[str, Command]:
        """The commands, by name."""
        return {
            "errand.start": self._start,
            "errand.look": self._look,
            "errand.cancel": self._cancel,
        }

    async def run(self, started: Callable[[], None]) -> None:
        """Run until cancelled, and whatever errand is under way with it."""
        async with anyio.create_task_group() as self._tasks:
            started()
            await anyio.sleep_forever()

    def _start(self, arguments: Arguments) -> int:
        kind = arguments.get("kind")
        begin = self._kinds.get(kind) if isinstance(kind, str) else None
        if begin is None or not isinstance(kind, str) or self._tasks is None:
            raise AdminError(f"an errand {kind!a} is not known to this daemon")
        last = self._last.get(kind)
        if last is not None and not last.over.is_set():
            raise AdminError(f"a {kind} runs already, for another command")
        self._count += 1
        new = self._last[kind] = _Started(self._count, begin(arguments))
        self._be_patient(new)
        self._tasks.start_soon(self._perform, kind, new, name=f"errand: {kind}")
        return new.number

    async def _perform(self, kind: str, started: _Started) -> None:
        try:
            with started.scope:
                await started.errand.run()
            if started.scope.cancelled_caught:
                started.failure = started.failure or "given up: nobody looked at it any more"
        except anyio.get_cancelled_exc_class():
            started.failure = STOPPED
            raise
        except ErrandError as error:
            started.failure = str(error)
        except Exception as error:  # noqa: BLE001 - caught once, at the errand
            _log.error("a defect of pacsd failed an errand", exc_info=error)
            started.failure = "internal error, see the daemon's log"
        finally:
            started.over.set()
            self._tell_ended(kind, started.errand.report(), started.failure)

    async def _look(self, arguments: Arguments) -> ErrandLook:
        started = self._find(arguments)
        self._be_patient(started)
        with anyio.move_on_after(LOOK_S):
            await started.over.wait()
        report = started.errand.report()
        return ErrandLook(started.number, started.over.is_set(), started.failure, report)

    def _cancel(self, arguments: Arguments) -> None:
        started = self._find(arguments)
        if not started.over.is_set():
            started.failure = "cancelled"
            started.scope.cancel()

    def _be_patient(self, started: _Started) -> None:
        started.scope.deadline = anyio.current_time() + self._patience_s

    def _find(self, arguments: Arguments) -> _Started:
        number = arguments.get("number")
        for started in self._last.values():
            if started.number == number:
                return started
        raise AdminError(f"errand {number!a} is not known; the daemon may have been restarted")
