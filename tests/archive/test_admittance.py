"""An instance that others let in or not, seen through Ingest with a store in memory."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import anyio
import pytest

from pacsd.api.errors import StoreError
from pacsd.api.receiving import NotAccepted, ReceivedInstance
from pacsd.archive.admittance import Admittance, Decide
from pacsd.archive.identity import Unacceptable
from pacsd.archive.ingest import Ingest
from pacsd.dicom.status import Status
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from tests.api.hookspecs.test_receiving import INSTANCE
from tests.archive.test_intake import HEAD, REQUEST

NO = NotAccepted(0xA901, "no screenshots here")
PIXELS = bytes(200_000)


class Door:
    """Answers once it is opened, and is open from the start unless told otherwise."""

    def __init__(self, answer: NotAccepted | None, *, is_open: bool = True) -> None:
        self.answer = answer
        self.asked: list[ReceivedInstance] = []
        self.is_asked = anyio.Event()
        self.opened = anyio.Event()
        if is_open:
            self.opened.set()

    async def decide(self, instance: ReceivedInstance) -> NotAccepted | None:
        self.asked.append(instance)
        self.is_asked.set()
        await self.opened.wait()
        return self.answer


@asynccontextmanager
async def ingest_with(decide: Decide) -> AsyncIterator[tuple[Ingest, MemoryStore]]:
    store = MemoryStore()
    ingest = Ingest(store, MemoryRegister(), now_us=lambda: 0, decide=lambda: decide)
    started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ingest.run, started.set)
        await started.wait()
        yield ingest, store
        tasks.cancel_scope.cancel()


async def test_it_is_asked_before_the_pixels_have_come() -> None:
    door = Door(None)
    async with ingest_with(door.decide) as (ingest, store):
        intake = ingest.begin(REQUEST)
        intake.write(HEAD)
        await door.is_asked.wait()
        intake.write(PIXELS)
        outcome = await intake.finish()
        assert outcome.status == Status.SUCCESS
        assert len(store.objects) == 1
    [asked] = door.asked
    assert asked.sop_instance_uid == REQUEST.sop_instance_uid


async def test_what_is_refused_is_read_to_its_end_and_not_kept() -> None:
    async with ingest_with(Door(NO).decide) as (ingest, store):
        intake = ingest.begin(REQUEST)
        intake.write(HEAD)
        await anyio.wait_all_tasks_blocked()
        for _ in range(50):
            intake.write(PIXELS)
        assert intake.backlog_bytes == 0
        outcome = await intake.finish()
        assert (outcome.status, outcome.comment) == (0xA901, "no screenshots here")
        assert outcome.became is None
        assert not store.objects
        assert not store.staged


@pytest.mark.parametrize("answer", [None, NO])
async def test_nothing_is_kept_before_it_is_decided(answer: NotAccepted | None) -> None:
    door = Door(answer, is_open=False)
    async with ingest_with(door.decide) as (ingest, store):
        intake = ingest.begin(REQUEST)
        intake.write(HEAD + bytes(8))
        outcomes = []

        async def finish() -> None:
            outcomes.append(await intake.finish())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(finish)
            await anyio.wait_all_tasks_blocked()
            assert not outcomes
            assert not store.objects
            door.opened.set()
        assert (outcomes[0].status == Status.SUCCESS) is (answer is None)


async def test_an_object_without_pixels_is_decided_at_its_end() -> None:
    door = Door(NO)
    async with ingest_with(door.decide) as (ingest, store):
        intake = ingest.begin(REQUEST)
        intake.write(
            HEAD[:-12]
        )  # without the element Pixel Data: nothing says that the header ends
        assert not door.asked
        assert (await intake.finish()).status == 0xA901
        assert not store.objects


async def test_what_nobody_could_take_in_is_not_asked_about() -> None:
    door = Door(None)
    async with ingest_with(door.decide) as (ingest, _):
        intake = ingest.begin(REQUEST)
        intake.write(b"\x08\x00\x05\x00CS\x00\x00")
        assert (await intake.finish()).status != Status.SUCCESS
    assert not door.asked


async def test_one_given_up_meanwhile_leaves_nothing() -> None:
    door = Door(None, is_open=False)
    async with ingest_with(door.decide) as (ingest, store):
        intake = ingest.begin(REQUEST)
        intake.write(HEAD + bytes(8))
        await door.is_asked.wait()
        await intake.abort("the peer is gone")
        door.opened.set()
        await anyio.wait_all_tasks_blocked()
        assert not store.objects
        assert ingest.health().open_objects == 0


async def test_the_end_of_ingest_is_an_answer_that_may_be_tried_again() -> None:
    door = Door(None, is_open=False)
    outcomes = []
    async with ingest_with(door.decide) as (ingest, store):
        intake = ingest.begin(REQUEST)
        intake.write(HEAD + bytes(8))
        await door.is_asked.wait()
    outcomes.append(await intake.finish())
    late = ingest.begin(REQUEST)
    late.write(HEAD + bytes(8))
    outcomes.append(await late.finish())
    assert [outcome.status for outcome in outcomes] == [0xA700, 0xA700]
    assert not store.objects


async def test_what_could_not_be_decided_stays_out_and_others_come_in() -> None:
    answers: list[NotAccepted | None] = []

    async def decide(_: ReceivedInstance) -> NotAccepted | None:
        return answers.pop()

    outcomes = []
    async with ingest_with(decide) as (ingest, store):
        for given in ([], [None]):
            answers += given
            intake = ingest.begin(REQUEST)
            intake.write(HEAD + bytes(8))
            outcomes.append(await intake.finish())
            assert len(store.objects) == len(given)
    assert [outcome.status for outcome in outcomes] == [0xA700, Status.SUCCESS]


@pytest.mark.parametrize("is_let_in", [True, False])
async def test_who_asks_where_it_is_kept_is_told_why_nowhere(is_let_in: bool) -> None:
    """As is whoever it refuses, whoever of them comes first."""
    told: list[Exception] = []

    async def answer(_: ReceivedInstance) -> NotAccepted | None:
        return None if is_let_in else NO

    async def choose(_: ReceivedInstance) -> NotAccepted:
        return NO

    async with anyio.create_task_group() as tasks:

        def spawn(work: Callable[[], Coroutine[None, None, None]]) -> bool:
            tasks.start_soon(work)
            return True

        admittance = Admittance(answer, spawn, told.append, choose)
        admittance.ask(INSTANCE)
        await admittance.decided()
    with pytest.raises(Unacceptable) as refused:
        admittance.store("fast")
    assert (refused.value.status, refused.value.comment) == (NO.status, NO.comment)
    assert told == [refused.value]


def test_what_is_given_up_is_kept_nowhere() -> None:
    admittance = Admittance(None, lambda _: True, lambda _: None)
    admittance.give_up()
    with pytest.raises(StoreError, match="given up before it was decided"):
        admittance.store("fast")
