"""The responses to an operation that has several, from when they come until they are taken.

A response has come when its data set has; whoever invoked the operation takes them in order.
"""

import asyncio
from collections import deque

from pacsd.dicom.status import StatusCategory, category
from pacsd.dimse.commands import Response
from pacsd.net import errors
from pacsd.ul.pdu import Buffer

MAX_IDENTIFIER_BYTES = 16 << 20
"""Of one response; who sends a longer one is not waited for to end it."""

MAX_WAITING_RESPONSES = 64
MAX_WAITING_BYTES = 1 << 20
"""When so many responses, or so many bytes of them, wait to be taken, nothing more is read. What
was in the receive buffer by then comes on top."""


class SeveralResponses:
    """The responses to one operation, from when they come until they are taken."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Response, bytes]] = deque()
        self._waiting_bytes = 0
        self._response: Response | None = None
        self._data_set = bytearray()
        self._is_dropping = False
        self._failure: errors.AssociationError | None = None
        self._came = asyncio.Event()
        self.is_too_long = False
        """Whether the data set under way is longer than any should be."""
        self.is_ending = False
        """Whether the final response has begun to come."""
        self.is_complete = False
        """Whether it has come, and its data set to its end."""

    @property
    def is_exhausted(self) -> bool:
        """Whether all were taken."""
        return self.is_complete and not self._waiting

    @property
    def is_congested(self) -> bool:
        """Whether no more should come for now."""
        is_many = len(self._waiting) >= MAX_WAITING_RESPONSES
        return is_many or self._waiting_bytes >= MAX_WAITING_BYTES

    @property
    def is_relieved(self) -> bool:
        """And whether they should again."""
        is_few = len(self._waiting) <= MAX_WAITING_RESPONSES // 2
        return is_few and self._waiting_bytes <= MAX_WAITING_BYTES // 2

    def responded(self, response: Response) -> None:
        """A command set; its data set follows if it says so."""
        self._response = response
        self.is_ending = category(response.status) is not StatusCategory.PENDING
        if not response.has_data_set:
            self._whole()

    def fragment(self, data: Buffer, *, is_last: bool) -> None:
        """A part of its data set."""
        if not self._is_dropping:
            self._data_set += data
            self.is_too_long = len(self._data_set) > MAX_IDENTIFIER_BYTES
        if is_last:
            self._whole()

    def fail(self, failure: errors.AssociationError) -> None:
        """No more will come; what has come may still be taken."""
        self._failure = failure
        self._came.set()

    def drop(self) -> None:
        """Nobody will take them."""
        self._is_dropping = True
        self._waiting.clear()
        self._waiting_bytes = 0
        self._data_set.clear()

    async def take(self) -> tuple[Response, bytes]:
        """The next one."""
        while not self._waiting:
            if self._failure is not None:
                raise self._failure
            self._came.clear()
            await self._came.wait()
        response, data_set = self._waiting.popleft()
        self._waiting_bytes -= len(data_set)
        return response, data_set

    def _whole(self) -> None:
        self.is_complete = self.is_ending
        if self._response is not None and not self._is_dropping:
            self._waiting.append((self._response, bytes(self._data_set)))
            self._waiting_bytes += len(self._data_set)
        self._data_set.clear()
        self._came.set()
