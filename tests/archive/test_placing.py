"""In which store an instance is kept, seen through Ingest with two stores in memory."""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.receiving import Coerce, NotAccepted, ReceivedInstance
from pacsd.api.store import Buffer, StageRequest, StoreStatus
from pacsd.archive import placing as placing_module
from pacsd.archive.admittance import Choose, Decide
from pacsd.archive.entry import Entry
from pacsd.archive.ingest import Ingest, InstanceRequest
from pacsd.archive.intake import Intake
from pacsd.archive.observer import NobodyObserves
from pacsd.archive.placing import Placing
from pacsd.archive.shelves import Shelves
from pacsd.archive.stores import StoresTogether
from pacsd.dicom.status import Status
from pacsd.index.records import Outcome
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStage, MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.test_intake import REQUEST

PIXELS = bytes(400_000)
HEAD = data_set(pixel_bytes=len(PIXELS))[: -len(PIXELS)]
LONG_HEADER = data_set({"TextValue": "x" * 300_000}, pixel_bytes=8)
"""Longer than may wait here: chunks of 20,000 bytes, two of them per object."""


class Chooser:
    """Answers once it is opened, and is open from the start unless told otherwise."""

    def __init__(self, answer: NotAccepted | str | None, *, is_open: bool = True) -> None:
        self.answer = answer
        self.asked: list[ReceivedInstance] = []
        self.is_asked = anyio.Event()
        self.opened = anyio.Event()
        if is_open:
            self.opened.set()

    async def choose(self, instance: ReceivedInstance) -> NotAccepted | str | None:
        self.asked.append(instance)
        self.is_asked.set()
        await self.opened.wait()
        return self.answer


class Two:
    """An ingest with two stores."""

    def __init__(
        self, choose: Choose | None, decide: Decide | None, slow: MemoryStore | None
    ) -> None:
        self.fast, self.slow = MemoryStore("fast"), slow or MemoryStore("slow")
        self.register = MemoryRegister()
        self.ingest = Ingest(
            StoresTogether({"fast": self.fast, "slow": self.slow}),
            self.register,
            store_name="fast",
            now_us=lambda: 0,
            decide=lambda: decide,
            choose=lambda: choose,
            min_free_bytes=100,
            chunk_bytes=20_000,
            max_pending_bytes_per_object=40_000,
        )

    @property
    def kept(self) -> tuple[int, int]:
        return len(self.fast.objects), len(self.slow.objects)

    @property
    def staged(self) -> tuple[int, int]:
        return len(self.fast.staged), len(self.slow.staged)


@asynccontextmanager
async def two_stores(
    choose: Choose | None, decide: Decide | None = None, slow: MemoryStore | None = None
) -> AsyncIterator[Two]:
    two = Two(choose, decide, slow)
    started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(two.ingest.run, started.set)
        await started.wait()
        yield two
        tasks.cancel_scope.cancel()


async def until(is_so: Callable[[], bool]) -> None:
    """Let others work until something is so."""
    with anyio.fail_after(10):
        while not is_so():
            await anyio.lowlevel.checkpoint()


async def sent(intake: Intake, data: bytes) -> None:
    """As a paced sender does: it waits while more is waiting than should."""
    for start in range(0, len(data), 7_000):
        intake.write(data[start : start + 7_000])
        await until(lambda: not intake.is_congested)


@pytest.mark.parametrize(
    ("answer", "kept"), [("slow", (0, 1)), ("fast", (1, 0)), (None, (1, 0))], ids=str
)
@pytest.mark.parametrize("data", [data_set(), HEAD + PIXELS, LONG_HEADER], ids=len)
async def test_it_is_kept_where_it_is_chosen(
    answer: str | None, kept: tuple[int, int], data: bytes
) -> None:
    chooser = Chooser(answer)
    async with two_stores(chooser.choose) as two:
        intake = two.ingest.begin(REQUEST)
        await sent(intake, data)
        outcome = await intake.finish()
        assert (outcome.status, outcome.became) == (Status.SUCCESS, Outcome.STORED)
        assert (two.kept, two.staged) == (kept, (0, 0))
        [content] = (two.slow if kept[1] else two.fast).objects.values()
        assert content.endswith(data)
        [new] = two.register.instances.values()
        assert new.copy.sha256 == hashlib.sha256(data).digest()
        assert new.copy.store == ("slow" if kept[1] else "fast")
    assert len(chooser.asked) == 1


async def test_nothing_is_staged_before_it_is_chosen_and_what_waits_is_bounded() -> None:
    chooser = Chooser("slow", is_open=False)
    async with two_stores(chooser.choose) as two:
        intake = two.ingest.begin(REQUEST)
        intake.write(HEAD)
        await chooser.is_asked.wait()
        while not intake.is_congested:
            intake.write(PIXELS[:10_000])
        await anyio.lowlevel.checkpoint()
        assert (two.staged, intake.is_congested) == ((0, 0), True)
        assert intake.backlog_bytes < 80_000
        chooser.opened.set()
        await until(lambda: not intake.is_congested)
        assert two.staged == (0, 1)
        await intake.abort("given up")
        assert two.staged == (0, 0)


async def test_who_gives_up_waits_for_no_choice() -> None:
    chooser = Chooser("slow", is_open=False)
    async with two_stores(chooser.choose) as two:
        given_up, cancelled = two.ingest.begin(REQUEST), two.ingest.begin(REQUEST)
        for intake in (given_up, cancelled):
            intake.write(HEAD + PIXELS)
        with anyio.fail_after(10):
            await given_up.abort("given up")
            with anyio.move_on_after(0):
                await cancelled.finish()
        chooser.opened.set()
        await anyio.wait_all_tasks_blocked()
        assert (two.kept, two.staged, two.ingest.health().open_objects) == ((0, 0), (0, 0), 0)


async def test_without_anybody_to_choose_the_first_store_keeps_all() -> None:
    async with two_stores(None) as two:
        intake = two.ingest.begin(REQUEST)
        intake.write(HEAD + PIXELS)
        assert (await intake.finish()).status == Status.SUCCESS
        assert two.kept == (1, 0)


@pytest.mark.parametrize("data", [data_set(), HEAD + PIXELS, LONG_HEADER], ids=len)
async def test_who_cannot_be_asked_has_it_sent_again(data: bytes) -> None:
    chooser = Chooser(NotAccepted(Status.OUT_OF_RESOURCES, "try again"))
    async with two_stores(chooser.choose) as two:
        intake = two.ingest.begin(REQUEST)
        await sent(intake, data)
        outcome = await intake.finish()
        assert (outcome.status, outcome.comment) == (Status.OUT_OF_RESOURCES, "try again")
        assert (two.kept, two.staged) == ((0, 0), (0, 0))


async def test_it_is_asked_after_it_was_let_in_about_what_it_leaves_as() -> None:
    async def tidy(_: ReceivedInstance) -> Entry:
        return Entry((("tidy", Coerce({"StudyDescription": "MR KNEE"})),))

    async def refuse(_: ReceivedInstance) -> NotAccepted:
        return NotAccepted(0xA901, "no")

    chooser = Chooser("slow")
    for decide, status in ((refuse, 0xA901), (tidy, 0)):
        async with two_stores(chooser.choose, decide) as two:
            intake = two.ingest.begin(REQUEST)
            intake.write(HEAD + PIXELS)
            assert (await intake.finish()).status == status
            assert two.kept == (0, int(not status))
            assert two.staged == (0, 0)
    assert [each.attributes["StudyDescription"] for each in chooser.asked] == ["MR KNEE"]


async def test_a_store_that_takes_nothing_refuses_what_is_chosen_for_it() -> None:
    chooser = Chooser("slow")
    async with two_stores(chooser.choose) as two:
        two.slow.current_status = StoreStatus(99, None, is_read_only=False, explanation="")
        await two.ingest._shelves.refresh()
        assert two.ingest.admits() is None
        assert two.ingest.admits_senders() is None
        assert two.ingest.unready() == "store slow has 99 bytes free, less than 100"
        assert two.ingest.troubles() == {"fast": "", "slow": two.ingest.unready()}
        for choice, status in (("slow", 0xA700), ("fast", 0)):
            chooser.answer = choice
            intake = two.ingest.begin(REQUEST)
            intake.write(data_set())
            outcome = await intake.finish()
            assert outcome.status == status
        assert two.kept == (1, 0)


async def test_the_first_store_closes_the_door_for_all() -> None:
    async with two_stores(Chooser("slow").choose) as two:
        two.fast.current_status = StoreStatus(None, None, is_read_only=True, explanation="worn")
        await two.ingest._shelves.refresh()
        assert two.ingest.admits() == "store fast is read-only: worn"
        intake = two.ingest.begin(REQUEST)
        intake.write(data_set())
        assert (await intake.finish()).status == Status.OUT_OF_RESOURCES
        assert two.kept == (0, 0)


async def test_a_store_that_fails_fails_only_what_it_was_to_keep() -> None:
    chooser = Chooser("slow")
    async with two_stores(chooser.choose) as two:
        two.slow.errors["write"] = StoreError(StoreFault.NO_SPACE, "full")
        for choice, data, status in (
            ("slow", data_set(), 0xA700),
            ("slow", LONG_HEADER, 0xA700),
            ("fast", LONG_HEADER, 0),
        ):
            chooser.answer = choice
            intake = two.ingest.begin(REQUEST)
            await sent(intake, data)
            assert (await intake.finish()).status == status
        assert (two.kept, two.staged) == ((1, 0), (0, 0))


async def test_the_first_copy_stays_wherever_it_comes_again() -> None:
    chooser = Chooser("slow")
    async with two_stores(chooser.choose) as two:
        for choice, became in (("slow", Outcome.STORED), ("fast", Outcome.DUPLICATE)):
            chooser.answer = choice
            intake = two.ingest.begin(REQUEST)
            intake.write(data_set())
            assert (await intake.finish()).became is became
        await until(lambda: two.kept == (0, 1))


async def test_a_defect_of_who_chooses_costs_this_instance_only() -> None:
    async def broken(_: ReceivedInstance) -> str:
        raise KeyError("nobody")

    async with two_stores(broken) as two:
        intake = two.ingest.begin(
            InstanceRequest(
                REQUEST.sop_class_uid, "1.2.3.4", REQUEST.transfer_syntax_uid, REQUEST.reception
            )
        )
        intake.write(data_set())
        assert (await intake.finish()).status == Status.OUT_OF_RESOURCES
        assert two.staged == (0, 0)


async def test_nobody_is_asked_before_the_header_is_known() -> None:
    store = StoresTogether({"fast": MemoryStore("fast"), "slow": MemoryStore("slow")})
    shelves = Shelves(store, "fast", NobodyObserves(), min_free_bytes=0, min_free_inodes=0)
    placing = Placing(shelves, StageRequest(1, b"", hashlib.sha256()))
    with pytest.raises(RuntimeError, match="before anybody was asked"):
        await placing.settled()
    with pytest.raises(RuntimeError, match="before it is chosen"):
        placing.digest()


async def test_a_header_that_does_not_end_is_staged_in_all_until_it_does() -> None:
    chooser = Chooser("slow")
    async with two_stores(chooser.choose) as two:
        intake = two.ingest.begin(REQUEST)
        await sent(intake, LONG_HEADER[:200_000])
        assert (two.staged, chooser.asked) == ((1, 1), [])
        await sent(intake, LONG_HEADER[200_000:])
        await intake.finish()
        assert (two.kept, two.staged) == ((0, 1), (0, 0))
        intake = two.ingest.begin(REQUEST)
        await sent(intake, LONG_HEADER[:200_000])
        await intake.abort("given up")
        assert two.staged == (0, 0)


async def test_one_store_that_cannot_stage_a_long_header_is_not_missed_unless_it_is_chosen() -> (
    None
):
    chooser = Chooser("fast")
    async with two_stores(chooser.choose) as two:
        two.slow.errors["stage"] = StoreError(StoreFault.INPUT_OUTPUT, "no disk")
        for choice, status in (("fast", 0), ("slow", 0xA700)):
            chooser.answer = choice
            intake = two.ingest.begin(REQUEST)
            await sent(intake, LONG_HEADER)
            assert (await intake.finish()).status == status
        two.fast.errors["stage"] = two.slow.errors["stage"]
        intake = two.ingest.begin(REQUEST)
        await sent(intake, LONG_HEADER)
        assert (await intake.finish()).status == Status.OUT_OF_RESOURCES
        assert (two.kept, two.staged) == ((1, 0), (0, 0))


class Hanging(MemoryStore):
    """Never ends what it is told to hang in."""

    def __init__(self, name: str, operation: str) -> None:
        super().__init__(name)
        self.operation = operation

    async def stage(self, request: StageRequest, /) -> MemoryStage:
        if self.operation == "stage":
            await anyio.sleep_forever()
        return HangingStage(self, request)


class HangingStage(MemoryStage):
    def __init__(self, store: Hanging, request: StageRequest) -> None:
        super().__init__(store, request)
        self._hangs_in = store.operation

    async def write(self, buffers: Sequence[Buffer], /) -> None:
        if self._hangs_in == "write":
            await anyio.sleep_forever()
        await super().write(buffers)

    async def abort(self) -> None:
        if self._hangs_in != "stage":
            await anyio.sleep_forever()


@pytest.mark.parametrize("operation", ["stage", "write", "abort"])
async def test_a_store_that_hangs_does_not_stop_what_is_kept_in_the_first(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing_module, "PATIENCE_S", 0.05)
    chooser = Chooser("fast")
    async with two_stores(chooser.choose, slow=Hanging("slow", operation)) as two:
        intake = two.ingest.begin(REQUEST)
        with anyio.fail_after(10):
            await sent(intake, LONG_HEADER)
            assert (await intake.finish()).status == Status.SUCCESS
        assert two.kept == (1, 0)


@pytest.mark.parametrize(("name", "status"), [("fast", None), ("slow", 0)])
async def test_a_defect_of_a_store_costs_only_what_is_kept_there(
    name: str, status: int | None
) -> None:
    async with two_stores(Chooser("fast").choose) as two:
        store = two.fast if name == "fast" else two.slow
        store.errors["write"] = KeyError("a defect")
        intake = two.ingest.begin(REQUEST)
        await sent(intake, LONG_HEADER)
        if status is None:
            with pytest.raises(KeyError, match="a defect"):
                await intake.finish()
        else:
            assert (await intake.finish()).status == status
        assert two.staged == (0, 0)
