"""A DICOM requestor on plain blocking sockets: one PDU out, one PDU in."""

import socket
import struct

from contrib.bench import messages
from pacsd.ul.pdu import HEADER_LENGTH, PDUType

Report = dict[str, float | None]
"""What a client measured."""

HOST = "127.0.0.1"

_TIMEVAL = struct.Struct("ll")


class NoAnswer(Exception):
    """The server refused, closed, or did not answer in time."""


def connect(port: int, timeout_s: float) -> socket.socket:
    """Open a TCP connection; every later wait on it is bounded too.

    Raises:
        OSError: no connection within the time.
    """
    connection = socket.socket()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # The kernel's own timeouts: those of the socket module poll before each recv.
    timeout = _TIMEVAL.pack(int(timeout_s), int(timeout_s % 1 * 1e6))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
    try:
        connection.connect((HOST, port))
    except OSError:
        connection.close()
        raise
    return connection


def read_pdu(connection: socket.socket, expected: PDUType) -> bytes:
    """Read one PDU.

    Raises:
        NoAnswer: another PDU, the end, or nothing in time.
    """
    pdu = b""
    length = HEADER_LENGTH
    try:
        while len(pdu) < length:
            part = connection.recv(65536)
            if not part:
                raise NoAnswer("closed")
            pdu += part
            if len(pdu) >= HEADER_LENGTH:
                length = HEADER_LENGTH + int.from_bytes(pdu[2:6], "big")
    except OSError as error:
        raise NoAnswer(error.strerror) from None
    if pdu[0] != expected:
        raise NoAnswer(f"PDU type {pdu[0]} instead of {expected}")
    return pdu


def associate(connection: socket.socket, request: bytes) -> bytes:
    """Open an association; gives the A-ASSOCIATE-AC."""
    connection.sendall(request)
    return read_pdu(connection, PDUType.ASSOCIATE_AC)


def echo(connection: socket.socket) -> None:
    """One C-ECHO."""
    connection.sendall(messages.ECHO_RQ)
    if not messages.is_success(read_pdu(connection, PDUType.P_DATA_TF)):
        raise NoAnswer("C-ECHO failed")


def release(connection: socket.socket) -> None:
    """Release the association, close the connection."""
    connection.sendall(messages.RELEASE_RQ)
    read_pdu(connection, PDUType.RELEASE_RP)
    connection.close()
