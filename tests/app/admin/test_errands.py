from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from inspect import isawaitable

import anyio
import pytest
from structlog.testing import capture_logs

from pacsd.app.admin.errands import Errand, ErrandError, ErrandLook, Errands
from pacsd.app.admin.unix_socket import AdminError


class Work:
    """Ends when told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.may_end = anyio.Event()
        self.is_cancelled = False
        self._error = error

    async def run(self) -> None:
        try:
            await self.may_end.wait()
        except anyio.get_cancelled_exc_class():
            self.is_cancelled = True
            raise
        if self._error is not None:
            raise self._error

    def report(self) -> object:
        return {"is_cancelled": self.is_cancelled}


class Yard:
    """One kind of errand; the next one to begin is `work`."""

    def __init__(self, work: Work, patience_s: float = 60.0) -> None:
        self.work = work
        self.told: list[tuple[str, object, str]] = []
        self.errands = Errands(
            {"work": self._begin}, patience_s=patience_s, tell_ended=self._tell_ended
        )

    async def ask(self, command: str, **arguments: object) -> object:
        answer = self.errands.commands[command](arguments)
        return await answer if isawaitable(answer) else answer

    async def start(self) -> int:
        number = await self.ask("errand.start", kind="work")
        assert isinstance(number, int)
        return number

    async def look(self, number: int) -> ErrandLook:
        look = await self.ask("errand.look", number=number)
        assert isinstance(look, ErrandLook)
        return look

    def _tell_ended(self, kind: str, report: object, failure: str) -> None:
        self.told.append((kind, report, failure))

    def _begin(self, arguments: Mapping[str, object]) -> Errand:
        if "wrong" in arguments:
            raise AdminError("wrong")
        return self.work


@asynccontextmanager
async def running(yard: Yard) -> AsyncIterator[Yard]:
    started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(yard.errands.run, started.set)
        await started.wait()
        yield yard
        tasks.cancel_scope.cancel()


async def test_an_errand_is_looked_at_until_it_is_over() -> None:
    async with running(Yard(Work())) as yard:
        number = await yard.start()
        assert not (await yard.look(number)).is_over
        yard.work.may_end.set()
        look = await yard.look(number)
        assert look == ErrandLook(number, True, "", {"is_cancelled": False})
        assert await yard.look(number) == look
    assert yard.told == [("work", {"is_cancelled": False}, "")]


async def test_one_of_a_kind_at_a_time() -> None:
    async with running(Yard(Work())) as yard:
        first = await yard.start()
        with pytest.raises(AdminError, match="a work runs already"):
            await yard.start()
        yard.work.may_end.set()
        await yard.look(first)
        yard.work = Work()
        assert await yard.start() == first + 1
        with pytest.raises(AdminError, match=f"errand {first} is not known"):
            await yard.look(first)


async def test_it_can_be_cancelled() -> None:
    async with running(Yard(Work())) as yard:
        number = await yard.start()
        await anyio.wait_all_tasks_blocked()
        await yard.ask("errand.cancel", number=number)
        look = await yard.look(number)
        assert look == ErrandLook(number, True, "cancelled", {"is_cancelled": True})
        await yard.ask("errand.cancel", number=number)
        assert await yard.look(number) == look


async def test_the_end_of_the_daemon_is_no_success() -> None:
    async with running(Yard(Work())) as yard:
        await yard.start()
        await anyio.wait_all_tasks_blocked()
    assert yard.told == [("work", {"is_cancelled": True}, "the daemon stopped")]


async def test_nobody_looks_any_more() -> None:
    async with running(Yard(Work(), patience_s=0)) as yard:
        number = await yard.start()
        look = await yard.look(number)
        assert (look.is_over, look.failure) == (True, "given up: nobody looked at it any more")
        assert yard.told == [("work", {"is_cancelled": True}, look.failure)]


async def test_what_cannot_be_done_says_why() -> None:
    async with running(Yard(Work(ErrandError("the store is read-only")))) as yard:
        number = await yard.start()
        yard.work.may_end.set()
        assert (await yard.look(number)).failure == "the store is read-only"


async def test_a_defect_ends_the_errand_only() -> None:
    async with running(Yard(Work(ZeroDivisionError()))) as yard:
        number = await yard.start()
        yard.work.may_end.set()
        with capture_logs() as captured:
            look = await yard.look(number)
        assert look.failure == "internal error, see the daemon's log"
        assert [line["event"] for line in captured] == ["a defect of pacsd failed an errand"]


@pytest.mark.parametrize("kind", ["play", None, 7])
async def test_an_unknown_kind(kind: object) -> None:
    async with running(Yard(Work())) as yard:
        with pytest.raises(AdminError, match="is not known to this daemon"):
            await yard.ask("errand.start", kind=kind)


async def test_wrong_arguments_begin_nothing() -> None:
    async with running(Yard(Work())) as yard:
        with pytest.raises(AdminError, match="wrong"):
            await yard.ask("errand.start", kind="work", wrong=True)
        await yard.start()


async def test_before_it_runs_nothing_begins() -> None:
    with pytest.raises(AdminError):
        await Yard(Work()).start()
