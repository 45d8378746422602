"""Invokes operations over an association, whichever side requested it.

An operation has one response, or several that are taken one by one (PS3.7 section 7.5). Data sets
go out, and responses come in, no faster than the one who takes them does.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Protocol

from pacsd.dimse.commands import Request, Response
from pacsd.dimse.events import DataSetFragment, ResponseReceived
from pacsd.dimse.session import Session
from pacsd.net import errors
from pacsd.net.pump import Pause
from pacsd.net.several_responses import MAX_IDENTIFIER_BYTES, SeveralResponses
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import Buffer

CANCEL_GRACE_S = 10.0
"""How long a peer may go on with an operation that was cancelled, at most."""


class Line(Protocol):
    """What invoking needs of the association."""

    @property
    def session(self) -> Session:
        """The session."""

    @property
    def is_write_paused(self) -> bool:
        """Whether more to send had better wait."""

    def now(self) -> float:
        """The loop's monotonic clock, in seconds."""

    def flush(self) -> None:
        """Write what the session has to send."""

    def acknowledge_at_once(self) -> None:
        """Have the system not delay the TCP acknowledgement of what comes next."""

    def pause_reading(self, reason: Pause) -> None:
        """Read nothing until every reason is gone."""

    def resume_reading(self, reason: Pause) -> None:
        """A reason is gone."""

    def break_off(self, why: str) -> None:
        """End the association: what was begun can be neither ended nor taken back."""


class Invoking(Protocol):
    """An association that operations can be invoked over."""

    @property
    def session(self) -> Session:
        """Its session: what was negotiated, and the next Message ID."""

    async def perform(
        self,
        context: PresentationContext,
        request: Request,
        data_set: AsyncIterator[Buffer] | None = None,
    ) -> Response:
        """See `Invoker.perform`."""


class Invoker:
    """The operations that we invoked over one association."""

    # Every association has one, and most never use it.
    __slots__ = (
        "_changed", "_left", "_line", "_loop", "_several", "_single", "_turn", "_window", "failure",
    )  # fmt: skip

    def __init__(self, line: Line) -> None:
        self._line = line
        self._loop = asyncio.get_running_loop()
        self._single: dict[int, asyncio.Future[Response]] = {}
        self._several: dict[int, SeveralResponses] = {}
        self._left: dict[int, asyncio.TimerHandle] = {}
        self._turn = asyncio.Lock()
        self._window: asyncio.Semaphore | None = None
        self._changed = asyncio.Event()
        self.failure: errors.AssociationError | None = None

    async def perform(
        self,
        context: PresentationContext,
        request: Request,
        data_set: AsyncIterator[Buffer] | None = None,
    ) -> Response:
        """Invoke an operation, with its data set if it has one, and wait for its one response.

        The data set is taken in buffers no faster than the peer takes it: beside what the system
        buffers, at most WRITE_HIGH_WATER_BYTES and one buffer are unsent. They must not change
        afterwards. The request goes out with the first of them, so an error before it has no
        consequences. A later one, or cancellation, aborts the association: half a message cannot
        be taken back. While the operations window is full, the first buffer is here already.

        Raises:
            AssociationError: the association ended before the response came; BrokenOff: before
                anything was sent.
            LocalCommandError: the Message ID is in use, or, without a data set, the window full.
            Exception: whatever `data_set` raises.
        """
        await self.settled()
        if data_set is None:
            self._begin(context, request)
            self._written()
            with self._expecting(request) as response:
                return await response
        first = await anext(data_set, b"")
        async with self._room():
            if self.failure is not None:
                raise errors.BrokenOff(str(self.failure)) from self.failure
            with self._expecting(request) as response:
                async with self._turn:  # in one direction messages do not interleave
                    self._begin(context, request)
                    await self._send_data_set(request.message_id, first, data_set)
                return await response

    def _room(self) -> asyncio.Semaphore:
        """The room of the operations window, which is known once there is an association."""
        if self._window is None:
            self._window = asyncio.Semaphore(self._line.session.window)
        return self._window

    async def responses(
        self, context: PresentationContext, request: Request, identifier: bytes
    ) -> AsyncGenerator[tuple[Response, bytes], None]:
        """Invoke an operation with several responses: each with its whole data set, b"" if none.

        The final one comes last. Whoever closes the generator before cancels the operation
        (C-CANCEL, PS3.7 section 9.3.2.3): further responses are read and dropped, and if the final
        one does not come soon the association is aborted. Reading pauses while they are not taken.

        Raises:
            AssociationError: the association ended before the final response came.
            LocalCommandError: the window is full, or the Message ID in use.
        """
        await self.settled()
        message_id = request.message_id
        async with self._turn:
            self._begin(context, request)
            session, now = self._line.session, self._line.now()
            session.send_data_set(message_id, identifier, is_last=True, now=now)
            self._written()
            several = self._several[message_id] = SeveralResponses()
        try:
            while not several.is_exhausted:
                taken = await several.take()
                self._heed_backlog()
                yield taken
        finally:
            self._leave(message_id, several)

    async def until_writable(self) -> None:
        """Wait until the peer takes what we send.

        Raises:
            AssociationError: there is no association any more.
        """
        while self.failure is None and self._line.is_write_paused:
            await self._change()
        if self.failure is not None:
            raise self.failure

    async def settled(self) -> None:
        """Wait for the end of the operations that were cancelled, or of the association."""
        while self._left and self.failure is None:
            await self._change()

    # What the association tells

    def responded(self, event: ResponseReceived) -> None:
        """The command set of a response has come."""
        message_id = event.response.message_id_being_responded_to
        single = self._single.get(message_id)
        if single is not None and not single.done():
            single.set_result(event.response)
        several = self._several.get(message_id)
        if several is not None:
            several.responded(event.response)
            self._heed(message_id, several)

    def fragment(self, event: DataSetFragment) -> None:
        """A part of a response's data set has come."""
        several = self._several.get(event.message_id)
        if several is not None:
            several.fragment(event.data, is_last=event.is_last)
            self._heed(event.message_id, several)

    def writable(self) -> None:
        """The peer takes data again."""
        self._changed.set()

    def fail(self, failure: errors.AssociationError) -> None:
        """Whoever waits learns of the first failure; the ones behind it are its consequences."""
        self.failure = self.failure or failure
        self._changed.set()
        for timer in self._left.values():
            timer.cancel()
        self._left.clear()
        for single in self._single.values():
            if not single.done():
                single.set_exception(self.failure)
        for several in self._several.values():
            several.fail(self.failure)

    # Sending

    def _begin(self, context: PresentationContext, request: Request) -> None:
        """Its command set is written with what follows: to wake the peer for it costs as much."""
        if self.failure is not None:
            raise self.failure
        self._line.session.request(context, request, self._line.now())

    def _written(self) -> None:
        """A whole message has been given to the session, and a response is due."""
        self._line.flush()
        self._line.acknowledge_at_once()

    @contextmanager
    def _expecting(self, request: Request) -> Iterator["asyncio.Future[Response]"]:
        response: asyncio.Future[Response] = self._loop.create_future()
        self._single[request.message_id] = response
        try:
            yield response
        finally:
            del self._single[request.message_id]
            if response.done() and not response.cancelled():
                response.exception()  # it may be that nobody got to ask

    async def _send_data_set(
        self, message_id: int, part: Buffer, following: AsyncIterator[Buffer]
    ) -> None:
        try:
            async for more in following:
                await self._send_part(message_id, part, is_last=False)
                part = more
            await self._send_part(message_id, part, is_last=True)
        except BaseException:
            self._break_off(errors.BrokenOff("a data set could not be sent to its end"))
            raise

    async def _send_part(self, message_id: int, part: Buffer, *, is_last: bool) -> None:
        if self.failure is not None:
            raise self.failure
        now = self._line.now()
        self._line.session.send_data_set(message_id, part, is_last=is_last, now=now)
        if is_last:
            self._written()
        else:
            self._line.flush()
        await self.until_writable()

    async def _change(self) -> None:
        """Wait until an operation that was left has ended, the peer takes data, or all is over."""
        self._changed.clear()
        await self._changed.wait()

    def _break_off(self, failure: errors.AssociationError) -> None:
        self.fail(failure)
        self._line.break_off(str(failure))

    # Several responses

    def _heed(self, message_id: int, several: SeveralResponses) -> None:
        """More of a response has come: it may be too long, the last one, or one too many."""
        if several.is_too_long:
            text = f"a response's data set of more than {MAX_IDENTIFIER_BYTES} bytes"
            self._break_off(errors.ProtocolBroken(text))
        elif several.is_complete and message_id in self._left:
            self._forget(message_id)
        else:
            self._heed_backlog()

    def _heed_backlog(self) -> None:
        if any(each.is_congested for each in self._several.values()):
            self._line.pause_reading(Pause.RESPONSES)
        elif all(each.is_relieved for each in self._several.values()):
            self._line.resume_reading(Pause.RESPONSES)

    def _leave(self, message_id: int, several: SeveralResponses) -> None:
        """Nobody takes the responses any more: have the peer send none, and drop those it does."""
        several.drop()
        if several.is_complete or self.failure is not None:
            self._forget(message_id)
            return
        session = self._line.session
        if not several.is_ending and session.is_established:
            session.cancel(message_id, self._line.now())
            self._line.flush()
        grace_s = min(session.patience.message_s or CANCEL_GRACE_S, CANCEL_GRACE_S)
        self._left[message_id] = self._loop.call_later(grace_s, self._overdue, grace_s)
        self._heed_backlog()

    def _overdue(self, grace_s: float) -> None:
        text = f"the peer did not end a cancelled operation within {grace_s:g} s"
        self._break_off(errors.ProtocolBroken(text))

    def _forget(self, message_id: int) -> None:
        del self._several[message_id]
        timer = self._left.pop(message_id, None)
        if timer is not None:
            timer.cancel()
        self._changed.set()
        self._heed_backlog()
