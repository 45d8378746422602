"""The pump between a socket and a session: what SCP and SCU connections have in common.

It feeds, drains, writes and keeps the one timer of a connection; what the events mean is the
business of its subclasses. Back-pressure goes both ways: reading pauses for whatever reason is
given, and also while the peer does not take what we write.
"""

import asyncio
import socket
from abc import abstractmethod
from collections.abc import Sequence
from enum import Flag, auto
from typing import cast

from pacsd.dimse.events import Event
from pacsd.dimse.session import Session
from pacsd.net.endpoint import literal_address
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.pdu import Buffer

RECEIVE_BUFFER_BYTES = 262_144
"""One buffer per event loop, lent to a connection while it reads."""

EVENTS_PER_TURN = 64
"""After so many events a connection lets others have the loop, whatever it still has to read."""

WRITE_HIGH_WATER_BYTES = 1 << 20
"""Unsent bytes above which writing pauses, and with it reading."""


MAX_BYTES_AFTER_END = 1 << 20
"""What a peer may still send when its association is over, before the connection is cut."""


class Pause(Flag):
    """Why a connection is not read from."""

    WRITING = auto()
    BACKLOG = auto()
    TURN = auto()
    RESPONSES = auto()


_NOT_PAUSED = Pause(0)


def _keep_alive(connection: socket.socket) -> None:
    """Have the system find out within two minutes that a silent peer's machine is gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6)):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


class Pump(asyncio.BufferedProtocol):
    """One connection: bytes in, events to `handle`, bytes out, one timer.

    Args:
        session: made when the connection is; see `connected`.
        receive_buffer: shared by all connections of the loop.
        network_timeout_s: how long the peer may not take what we write.
    """

    def __init__(self, receive_buffer: memoryview, network_timeout_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._receive_buffer = receive_buffer
        self._network_timeout_s = network_timeout_s
        self._transport: asyncio.Transport | None = None
        self._session: Session | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._flush_due = False
        self._pauses = _NOT_PAUSED
        self._must_end_by: float | None = None
        self._bytes_after_end = 0
        self.bytes_received = 0
        self.bytes_sent = 0

    # What subclasses say

    @abstractmethod
    def connected(self, now: float) -> Session:
        """The connection is open: give the session that is to be pumped."""

    @abstractmethod
    def handle(self, event: Event) -> None:
        """Act on an event; buffers in it are valid during the call."""

    @abstractmethod
    def broken(self, error: RemoteProtocolError) -> None:
        """The peer broke the protocol; the A-ABORT is about to be sent."""

    @abstractmethod
    def failed(self, error: Exception) -> None:
        """A defect of ours; the association is about to be aborted."""

    @abstractmethod
    def cut(self, why: str) -> None:
        """The peer takes nothing any more: the connection is about to be cut off."""

    @abstractmethod
    def closed(self) -> None:
        """The connection is gone."""

    def wrote(self, out: Sequence[Buffer]) -> None:
        """What is just being written: whole PDUs, in one buffer or several."""

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        # uvloop's transports are none by class, though by interface.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_HIGH_WATER_BYTES)
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None and connection.family != socket.AF_UNIX:
            # A response must not wait for the acknowledgement of the one before.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _keep_alive(connection)
        self._session = self.connected(self._loop.time())
        self.flush()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the loop's signature
        """Lend the loop's receive buffer."""
        return self._receive_buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        self.bytes_received += nbytes
        if self._session is None:
            return
        if self._session.awaits_close:
            self._bytes_after_end += nbytes
            if self._bytes_after_end > MAX_BYTES_AFTER_END:
                self.close()
                return
        self._session.receive_data(self._receive_buffer[:nbytes], self._loop.time())
        self._pump()

    def pause_writing(self) -> None:
        """The peer does not take what we write: read nothing more from it, and not for ever."""
        self._pauses |= Pause.WRITING
        self._stop_reading()
        self._must_end_by = self._loop.time() + self._network_timeout_s
        self._arm_timer()

    def resume_writing(self) -> None:
        """The peer takes data again."""
        if not self.is_closing:
            self._must_end_by = None
        self.resume_reading(Pause.WRITING)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - any cause is one
        """The connection is gone, by whatever cause."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._session is not None:
            self._session.connection_lost(self._loop.time())
            self._drain()
        self._transport = None
        self.closed()

    # What subclasses use

    @property
    def session(self) -> Session:
        """The session, from `connected` on."""
        if self._session is None:
            raise RuntimeError("the connection is not open yet")
        return self._session

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open, and stays so as far as we know."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_closing(self) -> bool:
        """Whether we are closing the connection, or it is closed."""
        return self._transport is None or self._transport.is_closing()

    @property
    def is_write_paused(self) -> bool:
        """Whether more to send had better wait."""
        return Pause.WRITING in self._pauses

    def now(self) -> float:
        """The loop's monotonic clock, in seconds."""
        return self._loop.time()

    def pause_reading(self, reason: Pause) -> None:
        """Read nothing until every reason is gone."""
        self._pauses |= reason
        self._stop_reading()

    def resume_reading(self, reason: Pause) -> None:
        """A reason is gone; what the peer owes us is due from now on."""
        if reason not in self._pauses:
            return
        self._pauses &= ~reason
        if self._pauses or self._transport is None or self._session is None:
            return
        self._session.resumed(self._loop.time())
        if not self._transport.is_closing():
            self._transport.resume_reading()
        self._arm_timer()

    def flush(self) -> None:
        """Write what the session has to send, then close if it wants to, then set the timer."""
        if self._transport is None or self._session is None:
            return
        out = self._session.data_to_send()
        if out and not self._transport.is_closing():
            self._write(out)
        if self._session.wants_close:
            self.close()
        self._arm_timer()

    def flush_soon(self) -> None:
        """Flush in the loop's next turn, along with all that is sent until then: one write."""
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush_as_due)

    def _flush_as_due(self) -> None:
        self._flush_due = False
        self.flush()

    def close(self) -> None:
        """Close once everything is written, or cut off a peer that does not take it."""
        if self._transport is None or self._transport.is_closing():
            return
        self._must_end_by = self._loop.time() + self._network_timeout_s
        self._transport.close()

    def cut_off(self) -> None:
        """Close the connection at once; what is not written yet never will be."""
        if self._transport is not None:
            self._transport.abort()

    def abort_association(self) -> None:
        """A-ABORT if there is an association, else just close (PS3.8 section 9.2, Evt15)."""
        session = self.session
        if session.can_abort:
            self.session.abort(self._loop.time())
            self.flush()
        elif not session.awaits_close:
            self.close()

    def fail(self, error: Exception) -> None:
        """A defect of ours: tell, then abort this association and no other."""
        self.failed(error)
        self.abort_association()

    def acknowledge_at_once(self) -> None:
        """Have the system not delay the TCP acknowledgement of what comes next.

        DCMTK up to 3.6.7 at least, and so Orthanc and many others, writes a response in two parts
        and by default (Nagle's algorithm) the second when the first is acknowledged: that would
        cost 40 ms for each operation.
        """
        own = None if self._transport is None else self._transport.get_extra_info("socket")
        if own is not None and hasattr(socket, "TCP_QUICKACK"):
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def peer_name(self) -> tuple[str, int]:
        """The peer's IP address and port; an IPv4 one that came through IPv6 as IPv4."""
        name = None if self._transport is None else self._transport.get_extra_info("peername")
        if not name:
            return "", 0
        address = literal_address(name[0])
        return str(address or name[0]), name[1]

    # Pumping

    def _pump(self) -> None:
        try:
            self._drain_turn()
        except RemoteProtocolError as error:
            self.broken(error)
        except Exception as error:  # noqa: BLE001 - caught once, at the association
            self.fail(error)
        self.flush()

    def _drain_turn(self) -> None:
        session = self.session
        for _ in range(EVENTS_PER_TURN):
            event = session.next_event()
            if event is None:
                return
            self.handle(event)
        session.hold()
        self.pause_reading(Pause.TURN)
        self._loop.call_soon(self._next_turn)

    def _next_turn(self) -> None:
        if self._transport is not None:
            self.resume_reading(Pause.TURN)
            self._pump()

    def _drain(self) -> None:
        """Hand over what is left when nothing can be sent any more."""
        try:
            while (event := self.session.next_event()) is not None:
                self.handle(event)
        except RemoteProtocolError as error:
            self.broken(error)
        except Exception as error:  # noqa: BLE001 - caught once, at the association
            self.failed(error)

    def _write(self, out: Sequence[Buffer]) -> None:
        if self._transport is None:
            return
        self.bytes_sent += sum(map(len, out))
        self.wrote(out)
        if len(out) == 1:
            self._transport.write(out[0])
        else:
            self._transport.writelines(out)

    def _stop_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    # The timer

    def _due(self) -> float | None:
        """When something must happen; while we do not read, the peer is not to blame."""
        due = None
        if self._session is not None and not self._pauses:
            due = self._session.get_timer()
        if self._must_end_by is None:
            return due
        return self._must_end_by if due is None else min(due, self._must_end_by)

    def _arm_timer(self) -> None:
        """Arm for the earliest need; one armed too early finds that out itself, at no cost here."""
        if self._transport is None:
            return
        due = self._due()
        if due is None:
            return
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now = self._loop.time()
        if self._must_end_by is not None and now >= self._must_end_by:
            self.cut(f"it took nothing for {self._network_timeout_s:g} s (network_timeout_s)")
            self.cut_off()
            return
        try:
            if not self._pauses:
                self.session.handle_timer(now)
        except RemoteProtocolError as error:
            self.broken(error)
        except Exception as error:  # noqa: BLE001 - caught once, at the association
            self.fail(error)
        self.flush()
