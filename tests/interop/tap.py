"""A relay between a peer that stores and pacsd, which notes every byte: what was really sent.

Senders write data sets anew, each in its own way, so a file does not say what they sent; the wire
does. pynetdicom reads it here, not we.
"""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from pynetdicom.dsutils import decode
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ, P_DATA_TF

from tests.interop.peers import LOOPBACK, PATIENCE_S

_READ_BYTES = 1 << 18
_PDU_HEADER = struct.Struct(">BxI")  # PS3.8 section 9.3.1
_ASSOCIATE_RQ, _ASSOCIATE_AC, _DATA = 0x01, 0x02, 0x04
_IS_COMMAND, _IS_LAST = 1, 2  # PS3.8 section E.2
_NO_DATA_SET = 0x0101  # PS3.7 section E.1


@dataclass(frozen=True, slots=True)
class Sent:
    """One C-STORE as it went over the wire; without a status it was not answered."""

    sop_class_uid: str
    sop_instance_uid: str
    abstract_syntax: str
    transfer_syntax_uid: str
    data_set: bytes
    status: int | None


@dataclass(slots=True)
class _Connection:
    """The bytes of both directions."""

    there: bytearray = field(default_factory=bytearray)
    back: bytearray = field(default_factory=bytearray)


class Tap:
    """Listens on `port`; connections go on to pacsd."""

    def __init__(self, pacsd_port: int) -> None:
        self._pacsd_port = pacsd_port
        self._server = socket.create_server((LOOPBACK, 0))
        self.port: int = self._server.getsockname()[1]
        self._connections: list[_Connection] = []
        self._pumps: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, name="tap")
        self._acceptor.start()

    def sent(self) -> list[Sent]:
        """Every C-STORE with a whole data set so far, in their order; waits for the last byte."""
        for pump in self._pumps:
            pump.join(PATIENCE_S)
            assert not pump.is_alive(), "a connection is still open"
        return [each for connection in self._connections for each in _stores(connection)]

    def close(self) -> None:
        """Take no more connections."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._acceptor.join()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            pacsd = socket.create_connection((LOOPBACK, self._pacsd_port))
            connection = _Connection()
            self._connections.append(connection)
            self._start(peer, pacsd, connection.there)
            self._start(pacsd, peer, connection.back)

    def _start(self, source: socket.socket, sink: socket.socket, noted: bytearray) -> None:
        sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pump = threading.Thread(target=_pump, args=(source, sink, noted), name="tap pump")
        self._pumps.append(pump)
        pump.start()


@contextmanager
def tapped(pacsd_port: int) -> Iterator[Tap]:
    """A tap before pacsd, for as long as the block lasts."""
    tap = Tap(pacsd_port)
    try:
        yield tap
    finally:
        tap.close()


def _pump(source: socket.socket, sink: socket.socket, noted: bytearray) -> None:
    """Pass on all that comes; a reset connection ends as a closed one does."""
    with source, suppress(OSError):
        while data := _receive(source):
            noted += data
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _receive(source: socket.socket) -> bytes:
    """Acknowledged at once: some peers hold back a data set until their command is."""
    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    return source.recv(_READ_BYTES)


def _stores(connection: _Connection) -> Iterator[Sent]:
    contexts = _accepted(connection)
    statuses = {
        command.MessageIDBeingRespondedTo: int(command.Status)
        for _, command, _ in _messages(connection.back)
    }
    for context_id, command, data_set in _messages(connection.there):
        abstract_syntax, transfer_syntax = contexts[context_id]
        yield Sent(
            command.get("AffectedSOPClassUID") or "",
            command.get("AffectedSOPInstanceUID") or "",
            abstract_syntax,
            transfer_syntax,
            data_set,
            statuses.get(command.MessageID),
        )


def _accepted(connection: _Connection) -> dict[int, tuple[str, str]]:
    """Of each accepted presentation context its abstract and its Transfer Syntax."""
    requested: dict[int, str] = {}
    accepted: dict[int, tuple[str, str]] = {}
    for kind, raw in _pdus(connection.there):
        if kind == _ASSOCIATE_RQ:
            request = A_ASSOCIATE_RQ()
            request.decode(raw)
            requested = {
                each.context_id: str(each.abstract_syntax) for each in request.presentation_context
            }
    for kind, raw in _pdus(connection.back):
        if kind == _ASSOCIATE_AC:
            answer = A_ASSOCIATE_AC()
            answer.decode(raw)
            accepted = {
                each.context_id: (requested[each.context_id], str(each.transfer_syntax))
                for each in answer.presentation_context
                if each.result == 0
            }
    return accepted


def _messages(stream: bytearray) -> Iterator[tuple[int, Any, bytes]]:
    """The presentation context, command set and data set of each message that is whole."""
    command, data_set = bytearray(), bytearray()
    for kind, raw in _pdus(stream):
        if kind != _DATA:
            continue
        pdu = P_DATA_TF()
        pdu.decode(raw)
        for item in pdu.presentation_data_value_items:
            control, fragment = item.presentation_data_value[0], item.presentation_data_value[1:]
            if control & _IS_COMMAND:
                command += fragment
            else:
                data_set += fragment
            if not control & _IS_LAST:
                continue
            decoded: Any = decode(BytesIO(command), True, True)
            if control & _IS_COMMAND and decoded.CommandDataSetType != _NO_DATA_SET:
                continue
            yield item.presentation_context_id, decoded, bytes(data_set)
            command.clear()
            data_set.clear()


def _pdus(stream: bytearray) -> Iterator[tuple[int, bytes]]:
    """The type and the bytes of each PDU that is whole."""
    offset = 0
    while offset + _PDU_HEADER.size <= len(stream):
        kind, length = _PDU_HEADER.unpack_from(stream, offset)
        end = offset + _PDU_HEADER.size + length
        if end > len(stream):
            return
        yield kind, bytes(stream[offset:end])
        offset = end
