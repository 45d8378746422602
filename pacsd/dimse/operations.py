"""Open operations, keyed by Message ID, and the asynchronous operations window.

PS3.7 section D.3.3.3: the window bounds how many operations may be outstanding that one side
invoked. An operation is open from its request until its final response and the end of its data
set, whichever comes last.
"""

from dataclasses import dataclass

from pacsd.dimse.commands import Response
from pacsd.dimse.errors import LocalCommandError
from pacsd.ul.negotiation import PresentationContext

_MAX_MESSAGE_ID = 0xFFFF


@dataclass(slots=True)
class Operation:
    """An open operation: what is still due before its Message ID is free again.

    `number` counts the operations of both sides in the order of their requests.
    """

    message_id: int
    context: PresentationContext
    awaits_data_set: bool
    awaits_response: bool = True
    response_type: type[Response] = Response
    number: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing is due any more."""
        return not (self.awaits_data_set or self.awaits_response)


class Operations:
    """The open operations that one side has invoked."""

    __slots__ = ("_last_message_id", "_open")

    def __init__(self) -> None:
        self._open: dict[int, Operation] = {}
        self._last_message_id = 0

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, message_id: int) -> bool:
        return message_id in self._open

    @property
    def newest(self) -> int:
        """The number of the operation opened last of those that are open; 0 if none is.

        Of two sides the one whose operation is newer waits for the other: a sub-operation comes
        within the operation it belongs to (PS3.4 section C.4.3), which is not at its end before.
        """
        return next(reversed(self._open.values())).number if self._open else 0

    def get(self, message_id: int) -> Operation | None:
        """The open operation of that Message ID."""
        return self._open.get(message_id)

    def open(self, operation: Operation) -> None:
        """Take a Message ID that is not in use."""
        self._open[operation.message_id] = operation

    def data_set_ended(self, message_id: int) -> None:
        """The last fragment of the request's data set has come."""
        operation = self._open[message_id]
        operation.awaits_data_set = False
        self._close_if_complete(operation)

    def responded(self, message_id: int) -> None:
        """The final response has been given."""
        operation = self._open[message_id]
        operation.awaits_response = False
        self._close_if_complete(operation)

    def next_message_id(self) -> int:
        """A Message ID that no open operation uses (PS3.7 section 9.1)."""
        for _ in range(_MAX_MESSAGE_ID):
            self._last_message_id = self._last_message_id % _MAX_MESSAGE_ID + 1
            if self._last_message_id not in self._open:
                return self._last_message_id
        raise LocalCommandError("all Message IDs are in use")

    def _close_if_complete(self, operation: Operation) -> None:
        if operation.is_complete:
            del self._open[operation.message_id]
