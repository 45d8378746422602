import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import TaskGroup

from pacsd.api.errors import PluginError
from pacsd.app.isolation.channel import CLOSED, Channel, Handler, Listener, Manners
from pacsd.app.isolation.errors import AskFailed, ChannelClosed, Misfit
from pacsd.app.isolation.frames import encode_frame
from pacsd.app.isolation.messages import Answer, Ask, Cancel, Failure, encode_message

NOBODY: Mapping[str, Handler] = {}
DEAF: Mapping[str, Listener] = {}


async def echo(arguments: object) -> object:
    await anyio.lowlevel.checkpoint()
    return arguments


async def forever(_: object) -> object:
    await anyio.sleep_forever()
    return None


async def refuses(_: object) -> object:
    raise PluginError("acme", "not today")


async def blunders(_: object) -> object:
    nothing: dict[str, int] = {}
    try:
        return nothing["a plugin's"]
    except KeyError as error:
        raise PluginError("acme", "raised KeyError") from error


async def breaks(_: object) -> object:
    raise KeyError("a bug")


async def exhausts(_: object) -> object:
    raise MemoryError


async def long(_: object) -> object:
    return "x" * 3_000_000


ANSWERS: Mapping[str, Handler] = {
    "echo": echo,
    "forever": forever,
    "refuses": refuses,
    "breaks": breaks,
    "blunders": blunders,
    "exhausts": exhausts,
    "long": long,
}


class Pair:
    """Two ends, of which the second may be plain bytes."""

    def __init__(self, tasks: TaskGroup) -> None:
        self.tasks = tasks
        self.told: list[object] = []
        self.failed: list[tuple[str, str]] = []
        self.asking = Channel(tasks, Manners(NOBODY, DEAF, 3, 0, cancel_grace_s=0.1))
        self.patient = Channel(tasks, Manners(NOBODY, DEAF, 3, 0))
        self.serving = Channel(
            tasks, Manners(ANSWERS, {"log": self.told.append}, 0, 2, failed=self._failed)
        )

    def _failed(self, method: str, error: Exception) -> None:
        self.failed.append((method, repr(error)))


@asynccontextmanager
async def connected(
    first: Channel, second: Channel | None = None
) -> AsyncIterator[socket.socket | None]:
    """Two ends connected, or one and a socket to write bytes to."""
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair()
    await loop.create_connection(lambda: first, sock=here)
    try:
        if second is None:
            with there:
                yield there
        else:
            await loop.create_connection(lambda: second, sock=there)
            yield None
    finally:
        for channel in filter(None, (first, second)):
            channel.close("test is over")


@asynccontextmanager
async def paired() -> AsyncIterator[Pair]:
    with anyio.fail_after(50):
        async with anyio.create_task_group() as tasks:
            yield Pair(tasks)
            tasks.cancel_scope.cancel()


async def cancelled_ask(channel: Channel) -> None:
    """Ask what is never answered, and give up once it is asked."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(channel.ask, "forever", None)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()


async def test_asks_are_answered_and_what_is_told_is_heard() -> None:
    async with paired() as pair, connected(pair.asking, pair.serving):
        pair.asking.tell("log", {"event": "x"})
        assert await pair.asking.ask("echo", [1, "é"]) == [1, "é"]
        assert pair.told == [{"event": "x"}]


async def test_answers_come_in_any_order_and_more_wait_for_a_place() -> None:
    answers: list[object] = []

    manners = Manners(ANSWERS, DEAF, 0, 3)
    async with paired() as pair:

        async def ask(number: int) -> None:
            answers.append(await pair.patient.ask("echo", number))

        serving = Channel(pair.tasks, manners)
        async with connected(pair.patient, serving):
            async with anyio.create_task_group() as asking:
                for number in range(20):
                    asking.start_soon(ask, number)
            assert sorted(map(str, answers)) == sorted(map(str, range(20)))


@pytest.mark.parametrize(
    ("method", "text"),
    [
        ("refuses", "not today"),
        ("breaks", "raised KeyError: 'a bug'"),
        ("long", "answered a frame of 3,000,049 bytes instead of at most 2,097,152"),
    ],
)
async def test_failures_are_told(method: str, text: str) -> None:
    async with paired() as pair, connected(pair.asking, pair.serving):
        with pytest.raises(AskFailed) as raised:
            await pair.asking.ask(method, None)
        assert str(raised.value) == text
        assert await pair.asking.ask("echo", 1) == 1
    assert pair.failed == ([("breaks", "KeyError('a bug')")] if method == "breaks" else [])


async def test_an_end_without_memory_is_left() -> None:
    async with paired() as pair, connected(pair.asking, pair.serving):
        with pytest.raises(AskFailed, match="MemoryError"):
            await pair.asking.ask("exhausts", None)
        assert pair.asking.closed.is_set()
        assert "MemoryError" in pair.asking.reason


async def test_what_is_no_json_or_too_long_is_not_asked() -> None:
    async with paired() as pair, connected(pair.asking, pair.serving):
        for arguments in ("\ud800", "x" * 3_000_000):
            for _ in range(4):  # more often than there are places
                with pytest.raises(Misfit):
                    await pair.asking.ask("echo", arguments)
        assert await pair.asking.ask("echo", 1) == 1


async def test_who_is_cancelled_has_the_other_end_cancel() -> None:
    async with paired() as pair, connected(pair.patient, pair.serving):
        for _ in range(10):  # the other end serves two at a time
            await cancelled_ask(pair.patient)
            assert await pair.patient.ask("echo", 1) == 1


async def test_an_end_that_does_not_cancel_is_left() -> None:
    async with paired() as pair, connected(pair.asking) as other:
        assert other is not None
        await cancelled_ask(pair.asking)
        await pair.asking.closed.wait()
        assert pair.asking.reason == "did not end a call within 0.1 s after its deadline"
        sent = other.recv(4_096)
        for message in (Ask(1, "forever", None), Cancel(1)):
            assert encode_frame(encode_message(message)) in sent


async def test_a_late_answer_gives_the_place_back() -> None:
    async with paired() as pair, connected(pair.patient) as other:
        assert other is not None
        for number in range(1, 10):
            await cancelled_ask(pair.patient)
            other.send(encode_frame(encode_message(Failure(number, "cancelled", is_fatal=False))))
        assert not pair.patient.closed.is_set()


async def test_everybody_who_waits_is_told_of_the_end() -> None:
    told: list[str] = []

    async with paired() as pair, connected(pair.asking) as other:
        assert other is not None

        async def ask() -> None:
            with pytest.raises(ChannelClosed) as raised:
                await pair.asking.ask("forever", None)
            told.append(str(raised.value))

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            other.close()
    assert told == [CLOSED] * 5
    with pytest.raises(ChannelClosed):
        pair.asking.tell("log", None)


async def test_hanging_up_says_what_was_said() -> None:
    async with paired() as pair, connected(pair.asking, pair.serving):
        pair.asking.tell("log", 1)
        pair.asking.hang_up()
        await pair.serving.closed.wait()
        assert pair.told == [1]
        assert pair.serving.reason == CLOSED


FRAME = encode_frame(encode_message(Ask(1, "forever", None)))


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"\xff\xff\xff\xff", "sent a frame of 4,294,967,295 bytes"),
        (encode_frame(b"\x80\x04N."), "sent something else"),
        (encode_frame(encode_message(Answer(7, None))), "sent an answer to 7 instead of one to"),
        (encode_frame(encode_message(Ask(1, "eval", "1"))), "sent 'eval' instead of something"),
        (FRAME + FRAME, "sent another ask under 1"),
        (
            b"".join(encode_frame(encode_message(Ask(n, "forever", None))) for n in (1, 2, 3)),
            "sent more than 2 asks at a time",
        ),
    ],
)
async def test_p06_an_end_that_breaks_the_rules_is_left(sent: bytes, reason: str) -> None:
    async with paired() as pair, connected(pair.serving) as other:
        assert other is not None
        other.send(sent)
        await pair.serving.closed.wait()
        assert pair.serving.reason.startswith(reason)


async def test_bytes_without_sense_do_no_harm() -> None:
    async with paired() as pair, connected(pair.serving) as other:
        assert other is not None
        other.send(os.urandom(1_000))
        other.shutdown(socket.SHUT_WR)
        await pair.serving.closed.wait()


async def test_a_cancellation_that_comes_late_is_passed_over() -> None:
    async with paired() as pair, connected(pair.serving) as other:
        assert other is not None
        other.send(encode_frame(encode_message(Cancel(9))))
        other.send(encode_frame(encode_message(Ask(1, "echo", "still there"))))
        with anyio.fail_after(50):
            await anyio.wait_readable(other)
        assert other.recv(4_096) == encode_frame(encode_message(Answer(1, "still there")))


async def test_what_nobody_hears_is_against_the_rules() -> None:
    async with paired() as pair, connected(pair.asking, pair.serving):
        pair.asking.tell("sing", None)
        await pair.serving.closed.wait()
        assert pair.serving.reason == "sent 'sing' instead of something to be told"


@pytest.mark.parametrize("tells", [True, False])
async def test_only_who_should_tells_where_a_plugin_raised(*, tells: bool) -> None:
    async with anyio.create_task_group() as tasks:
        asking = Channel(tasks, Manners(NOBODY, DEAF, 3, 0))
        serving = Channel(tasks, Manners(ANSWERS, DEAF, 0, 2, tells_tracebacks=tells))
        async with connected(asking, serving):
            with pytest.raises(AskFailed, match="raised KeyError") as failed:
                await asking.ask("blunders", None)
    assert failed.value.traceback.endswith('KeyError: "a plugin\'s"') is tells
    assert bool(failed.value.traceback) is tells
