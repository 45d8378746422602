"""C-GET and C-MOVE of a series as the client of the measures does them; it keeps nothing."""

import socket
import threading
import time
from dataclasses import dataclass

from contrib.bench import messages
from contrib.bench.cohort import data_set
from contrib.bench.inbox import COMMAND_FIELD, MESSAGE_ID, STATUS, Inbox, Message
from contrib.bench.wire import NoAnswer, Report, associate, connect, release
from pacsd.dimse.commands import CGetRQ, CMoveRQ, CStoreRQ, CStoreRSP, Request

_PENDING = 0xFF00
_SUCCESS = 0x0000
_SERIES = data_set(
    {0x00080052: "SERIES", 0x0020000D: messages.STUDY_UID, 0x0020000E: messages.SERIES_UID}
)


@dataclass(slots=True)
class Received:
    """What came over an association."""

    objects: int = 0
    data_set_bytes: int = 0


def run_get(port: int, timeout_s: float) -> Report:
    """One C-GET."""
    request = CGetRQ(message_id=1, affected_sop_class_uid=messages.STUDY_ROOT_GET)
    connection, message = _opened(port, timeout_s, messages.ASSOCIATE_RQ_GET, request)
    began = time.perf_counter()
    received = _retrieve(connection, message)
    took_s = time.perf_counter() - began
    release(connection)
    return {"seconds": took_s, "objects": received.objects, "bytes": received.data_set_bytes}


def run_move(port: int, timeout_s: float, clients: int, destination: str) -> Report:
    """A C-MOVE of the same by each client, at once."""
    request = CMoveRQ(
        message_id=1,
        affected_sop_class_uid=messages.STUDY_ROOT_MOVE,
        move_destination=destination,
    )
    opened = [_opened(port, timeout_s, messages.ASSOCIATE_RQ_MOVE, request) for _ in range(clients)]
    done: list[Received] = []
    threads = [
        threading.Thread(target=lambda pair=pair: done.append(_retrieve(*pair))) for pair in opened
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - began
    if len(done) != clients:
        raise NoAnswer(f"{len(done)} of {clients} C-MOVEs succeeded")
    for connection, _ in opened:
        release(connection)
    return {"seconds": took_s}


def store_response(message: Message) -> bytes:
    """Success for a C-STORE-RQ.

    Raises:
        NoAnswer: it is none.
    """
    if message.number(COMMAND_FIELD) != CStoreRQ.command_field:
        raise NoAnswer(f"command {message.number(COMMAND_FIELD):04X} instead of C-STORE-RQ")
    response = CStoreRSP(message_id_being_responded_to=message.number(MESSAGE_ID), status=_SUCCESS)
    return messages.pdus(response, b"", messages.OWN_MAX_LENGTH, message.context_id)


def _opened(
    port: int, timeout_s: float, association: bytes, request: Request
) -> tuple[socket.socket, bytes]:
    """An association, and the request to be sent over it."""
    connection = connect(port, timeout_s)
    answer = associate(connection, association)
    return connection, messages.pdus(request, _SERIES, messages.max_length(answer))


def _retrieve(connection: socket.socket, request: bytes) -> Received:
    """Send the request, take what comes until the final response."""
    inbox = Inbox(connection)
    received = Received()
    connection.sendall(request)
    while (message := inbox.read()) is not None:
        if message.number(COMMAND_FIELD) == CStoreRQ.command_field:
            received.objects += 1
            received.data_set_bytes += message.data_set_bytes
            connection.sendall(store_response(message))
        elif (status := message.number(STATUS)) != _PENDING:
            if status != _SUCCESS:
                raise NoAnswer(f"status {status:04X}")
            return received
    raise NoAnswer("released")
