"""An event loop whose time passes while everybody waits for it, and only then.

Its time jumps to the next timer once no task can go on and the threads of the index have nothing
in hand: three days take seconds, and nothing hangs on how fast the machine is.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from threading import Lock, local
from typing import Any

import pytest

from pacsd.index.unit_queue import Priority, Unit, UnitQueue

_TAKEN = local()


class UnitsUnderWay:
    """Counts what the threads of the index were given and have not finished, bells included."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tell: Callable[[], object] = lambda: None
        """Called, in any thread, when none is left."""
        self._lock = Lock()
        self._count = 0
        put, take, withdraw = UnitQueue._put, UnitQueue.take, UnitQueue._withdraw

        def counted_put(queue: Any, unit: Unit[Any], priority: Priority) -> None:
            self._add(1)
            try:
                put(queue, unit, priority)
            except BaseException:
                self._add(-1)
                raise

        def counted_take(queue: Any) -> Unit[Any] | None:
            # A thread that asks for the next one has tended to the last one.
            if getattr(_TAKEN, "unit", None) is not None:
                self._add(-1)
            _TAKEN.unit = None
            unit = take(queue)
            _TAKEN.unit = None if unit is None else self
            return unit

        def counted_withdraw(queue: Any, unit: Unit[Any], priority: Priority) -> bool:
            is_gone = withdraw(queue, unit, priority)
            self._add(-int(is_gone))
            return is_gone

        monkeypatch.setattr(UnitQueue, "_put", counted_put)
        monkeypatch.setattr(UnitQueue, "take", counted_take)
        monkeypatch.setattr(UnitQueue, "_withdraw", counted_withdraw)

    def __bool__(self) -> bool:
        return self._count > 0

    def _add(self, number: int) -> None:
        with self._lock:
            self._count += number
            is_last = number < 0 and not self._count
        if is_last:
            self.tell()


class VirtualLoop(asyncio.SelectorEventLoop):
    """Begins at zero."""

    def __init__(self, units: UnitsUnderWay) -> None:
        self.now_s = 0.0
        super().__init__(_Selector(self, units))
        units.tell = self._look

    def time(self) -> float:
        return self.now_s

    def _look(self) -> None:
        if not self.is_closed():
            self.call_soon_threadsafe(lambda: None)


class _Selector(selectors.DefaultSelector):
    """Is asked for the next file that is ready, with a timeout: which is when time may pass."""

    def __init__(self, loop: VirtualLoop, units: UnitsUnderWay) -> None:
        super().__init__()
        self._loop = loop
        self._units = units

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        is_idle = timeout is None or timeout > 0
        if is_idle and (self._units or timeout is None):
            return super().select(None)
        # Whatever a thread had to say it has said by now.
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if is_idle and not ready:
            self._loop.now_s += timeout or 0.0
        return ready


def run_virtually(main: Coroutine[Any, Any, None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run it to its end in virtual time."""
    units = UnitsUnderWay(monkeypatch)
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(units)) as runner:
        runner.run(main)
