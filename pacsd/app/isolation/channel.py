"""One end of the channel between the daemon and a plugin's process; both ends are alike.

Either end asks, by number, and answers what it is asked, in any order; it may also tell something.
What is in memory has bounds: so many asks are unanswered at a time, each frame is at most so long,
and an end that breaks the rules is left at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import cast

import anyio
from anyio.abc import TaskGroup

from pacsd.api.dispatch.own_traceback import own_traceback
from pacsd.api.errors import PluginError
from pacsd.app.isolation.errors import AskFailed, ChannelClosed, Misfit, describe
from pacsd.app.isolation.frames import FrameDecoder, encode_frame
from pacsd.app.isolation.messages import (
    Answer,
    Ask,
    Cancel,
    Failure,
    Message,
    Tell,
    decode_message,
    encode_message,
)

CLOSED = "ended"

Handler = Callable[[object], Awaitable[object]]
Listener = Callable[[object], None]


@dataclass(frozen=True, slots=True)
class Manners:
    """What an end does and bears.

    `answers` and `hears` are what it may be asked and told, by method. It asks `max_asked` at a
    time, and is asked at most `max_served`. After a cancellation the answer must come within
    `cancel_grace_s`, unless that is None. `failed` is told of what a handler should not raise. With
    `tells_tracebacks` a failure has that of what a plugin raised.
    """

    answers: Mapping[str, Handler]
    hears: Mapping[str, Listener]
    max_asked: int
    max_served: int
    cancel_grace_s: float | None = None
    failed: Callable[[str, Exception], None] | None = None
    tells_tracebacks: bool = False


class Channel(asyncio.Protocol):
    """One end, on the event loop; what it is asked runs in `tasks`.

    `closed` is set when the channel can carry nothing more, and `reason` says why.
    """

    def __init__(self, tasks: TaskGroup, manners: Manners) -> None:
        self.closed = anyio.Event()
        self.reason = ""
        self._tasks = tasks
        self._manners = manners
        self._decoder = FrameDecoder()
        self._transport: asyncio.Transport | None = None
        self._numbers = count(1)
        self._places = anyio.Semaphore(manners.max_asked, fast_acquire=True)
        self._asked: dict[int, asyncio.Future[object]] = {}
        self._served: dict[int, anyio.CancelScope] = {}

    async def ask(self, method: str, arguments: object) -> object:
        """Ask the other end to do something; waits for a place when too much is unanswered.

        Who is cancelled tells the other end so, and keeps its place until the answer comes.

        Raises:
            AskFailed: it could not.
            ChannelClosed: it never will.
            Misfit: the arguments are no JSON, or too long.
        """
        await self._places.acquire()
        number = next(self._numbers)
        try:
            self._send(Ask(number, method, arguments))
        except (ChannelClosed, Misfit):
            self._places.release()
            raise
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            return await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled():
                answer.exception()  # it came too late to be seen by anybody
            self._cancelled(number)
            raise

    def tell(self, method: str, arguments: object) -> None:
        """Tell the other end something.

        Raises:
            ChannelClosed: it hears nothing any more.
            Misfit: the arguments are no JSON, or too long.
        """
        self._send(Tell(method, arguments))

    def close(self, reason: str) -> None:
        """End it here and now; who waits for an answer is told the reason."""
        if self.closed.is_set():
            return
        self.reason = reason
        self.closed.set()
        if self._transport is not None:
            self._transport.abort()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ChannelClosed(reason))
            self._places.release()
        self._asked.clear()
        for scope in self._served.values():
            scope.cancel()

    def hang_up(self) -> None:
        """Say nothing any more; what was said still goes out, and the other end sees the end."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ready."""
        # That of a stream socket is one; uvloop's is not derived from it.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _error: Exception | None) -> None:
        """The other end is gone."""
        self.close(CLOSED)

    def data_received(self, data: bytes) -> None:
        """Something came."""
        try:
            for frame in self._decoder.feed(data):
                if not self.closed.is_set():
                    self._receive(decode_message(frame))
        except Misfit as misfit:
            self.close(f"sent {misfit}")

    def _send(self, message: Message) -> None:
        if self._transport is None or self.closed.is_set():
            raise ChannelClosed(self.reason or "not open")
        self._transport.write(encode_frame(encode_message(message)))

    def _receive(self, message: Message) -> None:
        match message:
            case Answer(number, value):
                self._answered(number, value, None)
            case Failure(number, explanation, is_fatal, traceback):
                self._answered(number, None, AskFailed(explanation, traceback))
                if is_fatal:
                    self.close(explanation)
            case Ask():
                self._begin(message)
            case Cancel(number):
                if number in self._served:  # else the answer is on its way
                    self._served[number].cancel()
            case Tell(method, arguments):
                if method not in self._manners.hears:
                    raise Misfit(f"{method[:80]!a}", "something to be told")
                self._manners.hears[method](arguments)

    def _answered(self, number: int, value: object, failure: AskFailed | None) -> None:
        answer = self._asked.pop(number, None)
        if answer is None:
            raise Misfit(f"an answer to {number}", "one to what was asked")
        self._places.release()
        if answer.done():
            return
        if failure is None:
            answer.set_result(value)
        else:
            answer.set_exception(failure)

    def _cancelled(self, number: int) -> None:
        if number not in self._asked:  # the answer came, or never will
            return
        self._send(Cancel(number))
        if self._manners.cancel_grace_s is not None:
            self._tasks.start_soon(self._watch, number, self._manners.cancel_grace_s)

    async def _watch(self, number: int, grace_s: float) -> None:
        """The answer to what was cancelled must come, or the other end is beyond help."""
        with anyio.move_on_after(grace_s):
            await self.closed.wait()
        if number in self._asked:
            self.close(f"did not end a call within {grace_s:g} s after its deadline")

    def _begin(self, ask: Ask) -> None:
        handler = self._manners.answers.get(ask.method)
        if handler is None:
            raise Misfit(f"{ask.method[:80]!a}", "something to be asked")
        if ask.number in self._served:
            raise Misfit(f"another ask under {ask.number}", "a number of its own")
        if len(self._served) >= self._manners.max_served:
            raise Misfit(f"more than {self._manners.max_served} asks at a time", "fewer")
        self._served[ask.number] = anyio.CancelScope()
        self._tasks.start_soon(self._serve, ask, handler, self._served[ask.number])

    async def _serve(self, ask: Ask, handler: Handler, scope: anyio.CancelScope) -> None:
        reply: Answer | Failure = Failure(ask.number, "cancelled", is_fatal=False)
        try:
            with scope:
                reply = await self._reply(ask, handler)
        finally:
            del self._served[ask.number]
        if not self.closed.is_set():
            self._send_reply(reply)

    async def _reply(self, ask: Ask, handler: Handler) -> Answer | Failure:
        # The one place where what answering raises is caught: it is the other end's failure then.
        try:
            return Answer(ask.number, await handler(ask.arguments))
        except PluginError as error:
            cause = error.__cause__
            is_told = cause is not None and self._manners.tells_tracebacks
            traceback = own_traceback(cause) if cause is not None and is_told else ""
            is_fatal = isinstance(cause, MemoryError)
            return Failure(ask.number, error.explanation, is_fatal, traceback)
        except Exception as error:  # noqa: BLE001
            if self._manners.failed is not None:
                self._manners.failed(ask.method, error)
            return Failure(ask.number, describe(error), isinstance(error, MemoryError))

    def _send_reply(self, reply: Answer | Failure) -> None:
        try:
            self._send(reply)
        except Misfit as misfit:
            self._send(Failure(reply.number, f"answered {misfit}", is_fatal=False))
