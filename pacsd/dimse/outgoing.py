"""Messages -> P-DATA-TF PDUs (PS3.7 section 6.3.1, PS3.8 Annex E).

In one direction of an association messages do not interleave. While the data set of one is being
sent, later messages wait here: responses, which their services pace, and refusals, which a peer
can provoke without end and a session therefore counts.
"""

from pacsd.dimse.errors import LocalCommandError
from pacsd.ul.association import Association
from pacsd.ul.pdu import PDV, Buffer

MAX_WAITING_MESSAGES = 64
"""With so many messages waiting, a refusal is one too many."""


class Outgoing:
    """The sending half of a session."""

    __slots__ = ("_association", "_open_context_id", "_waiting")

    def __init__(self, association: Association) -> None:
        self._association = association
        self._open_context_id: int | None = None
        self._waiting: list[tuple[int, bytes, Buffer | None]] = []

    @property
    def is_sending_data_set(self) -> bool:
        """Whether a data set is open, so that other messages wait."""
        return self._open_context_id is not None

    @property
    def is_crowded(self) -> bool:
        """Whether so many messages wait that no refusal may join them."""
        return len(self._waiting) >= MAX_WAITING_MESSAGES

    def begin(self, context_id: int, command: bytes) -> None:
        """Send a command set whose data set follows in fragments.

        Raises:
            LocalCommandError: another data set is still being sent.
        """
        if self._open_context_id is not None:
            raise LocalCommandError("a data set is being sent; its message must end first")
        self._send(context_id, command, is_command=True, is_last=True)
        self._open_context_id = context_id

    def fragment(self, data: Buffer, *, is_last: bool) -> None:
        """Send more of the open data set; with `is_last`, what waited goes out behind it."""
        context_id = self._open_context_id
        if context_id is None:
            raise LocalCommandError("no message with a data set is open")
        self._send(context_id, data, is_command=False, is_last=is_last)
        if is_last:
            self._open_context_id = None
            waiting, self._waiting = self._waiting, []
            for message in waiting:
                self.whole(*message)

    def whole(self, context_id: int, command: bytes, data_set: Buffer | None = None) -> None:
        """Send a message that is all here, now or as soon as the open data set has ended."""
        if self._open_context_id is not None:
            self._waiting.append((context_id, command, data_set))
            return
        self._send(context_id, command, is_command=True, is_last=True)
        if data_set is not None:
            self._send(context_id, data_set, is_command=False, is_last=True)

    def _send(self, context_id: int, data: Buffer, *, is_command: bool, is_last: bool) -> None:
        self._association.send_p_data(PDV(context_id, is_command, is_last, data))
