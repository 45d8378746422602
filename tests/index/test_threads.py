import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar, cast

import anyio
import pytest
from sqlalchemy import Connection

from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.session import WriteSession
from pacsd.index.threads import Desk, Threads
from pacsd.index.unit_queue import Priority

Hand = TypeVar("Hand")
Answer = TypeVar("Answer")


class FakeDesk:
    """Notes what is done at it, by which thread."""

    def __init__(self, notes: list[str], name: str) -> None:
        self._notes = notes
        self._name = name
        self._thread = threading.current_thread()
        self._note("opened")

    def perform(self, work: Callable[[object], Answer]) -> Answer:
        self._note("performs")
        return work(self)

    def tend(self) -> None:
        self._note("tends")

    def close(self) -> None:
        self._note("closed")

    def _note(self, what: str) -> None:
        assert threading.current_thread() is self._thread
        self._notes.append(f"{self._name} {what}")


def fake(notes: list[str], name: str, kind: type[Hand]) -> Callable[[], Desk[Hand]]:
    assert kind
    return lambda: cast("Desk[Hand]", FakeDesk(notes, name))


def threads(notes: list[str], readers: int = 1) -> Threads:
    return Threads(
        fake(notes, "writer", WriteSession),
        fake(notes, "reader", Connection),
        fake(notes, "headers", Connection),
        fake(notes, "metadata", Connection),
        readers,
    )


async def test_each_desk_is_opened_used_and_closed_by_its_thread() -> None:
    notes: list[str] = []
    tested = threads(notes)
    assert await tested.write(lambda _: 1, Priority.INGEST) == 1
    assert await tested.read(lambda _: 2) == 2
    assert await tested.read_headers(lambda _: 3) == 3
    await tested.close()
    assert sorted(notes) == sorted(
        f"{name} {what}"
        for name in ("writer", "reader", "headers")
        for what in ("opened", "performs", "tends", "closed")
    )


async def test_what_takes_long_keeps_no_reader_from_others() -> None:
    tested, gate = threads([]), threading.Event()
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(tested.read_long, lambda _: gate.wait())
        await anyio.wait_all_tasks_blocked()
        assert await tested.read(lambda _: 1) == 1
        gate.set()
    await tested.close()


async def test_the_writer_goes_last() -> None:
    notes: list[str] = []
    tested = threads(notes, readers=3)
    await tested.write(lambda _: None)
    await tested.read(lambda _: None)
    await tested.close()
    assert notes.index("reader closed") < notes.index("writer closed")


async def test_a_desk_nobody_needs_is_not_opened() -> None:
    notes: list[str] = []
    await threads(notes).close()
    assert notes == []


async def test_a_desk_that_cannot_be_opened_is_the_unit_s_fault_and_tried_again() -> None:
    notes: list[str] = []
    attempts = iter([IndexFault(IndexFaultKind.UNREADABLE, "no"), None])

    def opening() -> Desk[WriteSession]:
        error = next(attempts)
        if error is not None:
            raise error
        return fake(notes, "writer", WriteSession)()

    reader = fake(notes, "reader", Connection)
    tested = Threads(opening, reader, reader, reader, 1)
    with pytest.raises(IndexFault):
        await tested.write(lambda _: None)
    assert await tested.write(lambda _: 1) == 1
    await tested.close()


class Buffer(bytearray):
    """What work holds; it can be asked whether it is gone."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Only what nothing refers to is freed."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("place", [slice(0, 1_000), 1_000])
async def test_a_thread_that_waits_holds_nothing_of_the_last_unit(place: int | slice) -> None:
    held: list[weakref.ref[Buffer]] = []
    tended = threading.Event()

    class TendedDesk(FakeDesk):
        def tend(self) -> None:
            tended.set()

    def work(_: object) -> object:
        buffer = Buffer(1_000)
        held.append(weakref.ref(buffer))
        return (buffer, buffer[place])

    async def read() -> None:
        with suppress(IndexError):
            await tested.read(work)

    reader = fake([], "reader", Connection)
    tested = Threads(
        fake([], "writer", WriteSession),
        lambda: cast("Desk[Connection]", TendedDesk([], "reader")),
        reader,
        reader,
        1,
    )
    await read()
    await anyio.to_thread.run_sync(tended.wait)
    assert held[0]() is None
    await tested.close()


async def test_closed_threads_take_no_more() -> None:
    tested = threads([])
    await tested.close()
    assert tested.waiting_units == 0
    for call in (tested.write, tested.read, tested.read_headers):
        with pytest.raises(IndexFault, match="stopping"):
            await call(lambda _: None)
