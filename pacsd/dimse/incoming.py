"""PDVs -> command sets and data-set fragments (PS3.7 section 6.3.1, PS3.8 Annex E).

One message at a time in this direction: all command fragments of a message, then all fragments of
its data set, on one presentation context.
"""

from dataclasses import dataclass

from pacsd.dimse.command_codec import MAX_COMMAND_SET_BYTES
from pacsd.dimse.errors import MessageOrderError
from pacsd.ul.pdu import PDV, Buffer

MAX_EMPTY_FRAGMENTS = 64
"""Of one message, in a row. A peer may send an empty last fragment; a million are an attack."""


MAX_COMMAND_FRAGMENTS = 1_024
"""Of one command set; enough for the shortest PDVs a peer can negotiate."""


@dataclass(frozen=True, slots=True)
class CommandSet:
    """A whole command set; `data` is a view of the receive buffer, or bytes that were joined."""

    context_id: int
    data: Buffer


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of the open message's data set; an empty one may be the last."""

    data: Buffer
    is_last: bool


class Incoming:
    """The receiving half of a session."""

    __slots__ = (
        "_command",
        "_command_fragments",
        "_context_id",
        "_data_set_bytes",
        "_empty_fragments",
        "_expects_data_set",
        "_is_draining",
        "_max_data_set_bytes",
    )

    def __init__(self, max_data_set_bytes: int) -> None:
        self._max_data_set_bytes = max_data_set_bytes
        self._command: bytearray | None = None
        self._command_fragments = 0
        self._context_id: int | None = None
        self._expects_data_set = False
        self._is_draining = False
        self._data_set_bytes = 0
        self._empty_fragments = 0

    @property
    def is_in_message(self) -> bool:
        """Whether a message has begun and more of it is due."""
        return self._command is not None or self._expects_data_set

    def receive(self, pdv: PDV) -> CommandSet | Fragment | None:
        """Take one PDV; None when it completes nothing and is not data to hand on.

        Raises:
            MessageOrderError: fragments out of order, too many of them, or too long together.
        """
        self._count_empty(pdv)
        if pdv.is_command:
            return self._receive_command(pdv)
        return self._receive_data(pdv)

    def expect_data_set(self) -> None:
        """The command set just given out announced a data set."""
        self._expects_data_set = True
        self._data_set_bytes = 0

    def drain(self) -> None:
        """Nobody will read what may follow the command set just given out."""
        self._is_draining = True
        self._data_set_bytes = 0

    def _receive_command(self, pdv: PDV) -> CommandSet | None:
        if self._expects_data_set:
            raise MessageOrderError(
                f"a command fragment on presentation context {pdv.context_id} while the data set "
                f"on {self._context_id} is incomplete (PS3.7 section 6.3.1)"
            )
        self._is_draining = False
        if self._command is None:
            self._context_id = pdv.context_id
            if pdv.is_last:
                self._check_command_length(len(pdv.data))
                return CommandSet(pdv.context_id, pdv.data)
            self._command = bytearray()
            self._command_fragments = 0
        elif pdv.context_id != self._context_id:
            raise MessageOrderError(
                f"command fragments on presentation contexts {self._context_id} and "
                f"{pdv.context_id} interleave (PS3.7 section 6.3.1)"
            )
        self._check_command_length(len(self._command) + len(pdv.data))
        self._command_fragments += 1
        if self._command_fragments > MAX_COMMAND_FRAGMENTS:
            raise MessageOrderError(f"a command set in over {MAX_COMMAND_FRAGMENTS} fragments")
        self._command += pdv.data
        if not pdv.is_last:
            return None
        whole, self._command = bytes(self._command), None
        return CommandSet(pdv.context_id, whole)

    def _receive_data(self, pdv: PDV) -> Fragment | None:
        if self._is_draining:
            self._count_bytes(pdv)
            return None
        if not self._expects_data_set:
            raise MessageOrderError(
                f"a data-set fragment on presentation context {pdv.context_id} without a command "
                "set that announces it (PS3.7 section 6.3.1)"
            )
        if pdv.context_id != self._context_id:
            raise MessageOrderError(
                f"a data-set fragment on presentation context {pdv.context_id}, the command set "
                f"came on {self._context_id} (PS3.7 section 6.3.1)"
            )
        self._count_bytes(pdv)
        self._expects_data_set = not pdv.is_last
        return Fragment(pdv.data, pdv.is_last)

    def _count_bytes(self, pdv: PDV) -> None:
        self._data_set_bytes += len(pdv.data)
        if self._data_set_bytes > self._max_data_set_bytes > 0:
            raise MessageOrderError(
                f"a data set of more than {self._max_data_set_bytes} bytes (max_data_set_bytes)"
            )

    def _check_command_length(self, length: int) -> None:
        if length > MAX_COMMAND_SET_BYTES:
            raise MessageOrderError(
                f"a command set of {length} bytes, {MAX_COMMAND_SET_BYTES} are the most"
            )

    def _count_empty(self, pdv: PDV) -> None:
        if len(pdv.data):
            self._empty_fragments = 0
            return
        self._empty_fragments += 1
        if self._empty_fragments > MAX_EMPTY_FRAGMENTS:
            raise MessageOrderError(f"more than {MAX_EMPTY_FRAGMENTS} empty fragments in a row")
