"""DIMSE messages off a blocking socket, as cheaply as Python can: data sets are only measured."""

import socket
import struct
from dataclasses import dataclass

from contrib.bench.wire import NoAnswer
from pacsd.ul.pdu import HEADER_LENGTH, PDUType

COMMAND_FIELD = 0x0100
MESSAGE_ID = 0x0110
DATA_SET_TYPE = 0x0800
STATUS = 0x0900

NO_DATA_SET = 0x0101

_BUFFER_BYTES = 256 * 1024
_PDV_HEADER = struct.Struct(">IBB")
_US = struct.Struct("<H")
_MARKERS = {
    element: struct.pack("<HHI", 0, element, 2)
    for element in (COMMAND_FIELD, MESSAGE_ID, DATA_SET_TYPE, STATUS)
}


@dataclass(frozen=True, slots=True)
class Message:
    """A command set and how many bytes of data set came with it."""

    context_id: int
    command: bytes
    data_set_bytes: int

    def number(self, element: int) -> int:
        """An element of the command set of VR US.

        Raises:
            NoAnswer: it is not there.
        """
        at = self.command.find(_MARKERS[element])
        if at < 0:
            raise NoAnswer(f"a command set without (0000,{element:04X})")
        number: int = _US.unpack_from(self.command, at + len(_MARKERS[element]))[0]
        return number


class Inbox:
    """Reads the messages of one association."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0
        self._left_of_pdu = 0

    def read(self) -> Message | None:
        """The next message; None when the peer asks for release.

        Raises:
            NoAnswer: something else came, or nothing in time.
        """
        command = b""
        data_set_bytes = 0
        while (header := self._pdv_header()) is not None:
            context_id, control, length = header
            is_command, is_last = control & 1, control & 2
            if is_command:
                command += self._take(length)
            else:
                self._skip(length)
                data_set_bytes += length
            if is_last:
                message = Message(context_id, command, data_set_bytes)
                if not is_command or message.number(DATA_SET_TYPE) == NO_DATA_SET:
                    return message
        return None

    def read_pdu(self) -> bytes:
        """A whole PDU, between messages."""
        header = self._take(HEADER_LENGTH)
        return header + self._take(int.from_bytes(header[2:], "big"))

    def _pdv_header(self) -> tuple[int, int, int] | None:
        """Presentation context, message control header, and how many bytes follow it."""
        if self._left_of_pdu <= 0:
            header = self._take(HEADER_LENGTH)
            length = int.from_bytes(header[2:], "big")
            if header[0] == PDUType.RELEASE_RQ:
                self._skip(length)
                return None
            if header[0] != PDUType.P_DATA_TF:
                raise NoAnswer(f"PDU type {header[0]} instead of a message")
            self._left_of_pdu = length
        length, context_id, control = _PDV_HEADER.unpack(self._take(_PDV_HEADER.size))
        self._left_of_pdu -= length + 4
        return context_id, control, length - 2

    def _take(self, count: int) -> bytes:
        while self._end - self._start < count:
            self._receive()
        start = self._start
        self._start += count
        return bytes(self._view[start : self._start])

    def _skip(self, count: int) -> None:
        while self._end - self._start < count:
            count -= self._end - self._start
            self._start = self._end
            self._receive()
        self._start += count

    def _receive(self) -> None:
        waiting = self._end - self._start
        if self._start and waiting:
            self._view[:waiting] = bytes(self._view[self._start : self._end])
        self._start, self._end = 0, waiting
        try:
            count = self._connection.recv_into(self._view[waiting:])
        except OSError as error:
            raise NoAnswer(error.strerror) from None
        if not count:
            raise NoAnswer("closed")
        self._end += count
