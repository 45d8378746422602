"""The DIMSE listener: sockets, the connections that came in by them, and the staged shutdown."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import anyio
import structlog
from anyio.abc import TaskGroup

from pacsd.net.endpoint import Endpoint
from pacsd.net.pump import RECEIVE_BUFFER_BYTES
from pacsd.net.responses import Work
from pacsd.net.scp import AcceptedAssociation, Desk

MAX_UNASSOCIATED = 1_000
"""Connections without an association. One more cuts off the oldest: a caller sends its
A-ASSOCIATE-RQ at once, so the oldest one is idle, slow or hostile."""

CLOSING_GRACE_S = 1.0
"""How long aborted peers may take to close at shutdown."""

_log = structlog.get_logger("pacsd.net")


class Listener:
    """Listens while `run` runs; a `House` to its connections."""

    def __init__(self, desk: Desk, endpoints: Sequence[Endpoint], backlog: int) -> None:
        self.desk = desk
        self._endpoints = endpoints
        self._backlog = backlog
        self._tasks: TaskGroup | None = None
        self._servers: list[asyncio.Server] = []
        self._unassociated: dict[AcceptedAssociation, None] = {}
        self._associated: dict[AcceptedAssociation, None] = {}
        self._receive_buffer = memoryview(bytearray(RECEIVE_BUFFER_BYTES))
        self._changed = anyio.Event()

    @property
    def addresses(self) -> tuple[Endpoint, ...]:
        """Where it listens, with the ports the system chose for port 0."""
        names = (sock.getsockname() for server in self._servers for sock in server.sockets)
        return tuple(Endpoint(name[0], name[1]) for name in names)

    def open_associations(self) -> int:
        """How many associations are open."""
        return len(self._associated)

    async def run(self, started: Callable[[], None]) -> None:
        """Listen until cancelled; `started` is called when connections are accepted.

        Raises:
            OSError: an address cannot be listened on.
        """
        try:
            await self._open()
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                for server in self._servers:
                    await server.start_serving()
                started()
                await anyio.sleep_forever()
        finally:
            self._tasks = None
            self._close()
            self._cut_off_all()

    async def drain(self, grace_s: float, idle_s: float) -> int:
        """Reject new associations, let open ones finish, abort the rest; how many these were.

        One without an operation for `idle_s` is aborted before the others. PS3.8 table 9-21: a
        caller gets RJ(2,3,1), temporary congestion, until the door is shut.
        """
        self.desk.gatekeeper.is_draining = True
        _log.info("draining", associations=len(self._associated), grace_s=grace_s)
        for connection in [*self._associated]:
            connection.hurry(idle_s)
        with anyio.move_on_after(grace_s):
            await self._until(lambda: not self._associated)
        aborted = len(self._associated)
        for connection in [*self._associated]:
            connection.end_by_us("pacsd shut down before the association ended")
        self._close()
        for connection in [*self._unassociated]:
            connection.end_by_us("pacsd is shutting down")
        with anyio.move_on_after(CLOSING_GRACE_S):
            await self._until(lambda: not self._unassociated)
        self._cut_off_all()
        return aborted

    def abort(self, number: int, reason: str) -> bool:
        """Abort the association of that number; False if there is none."""
        for connection in self._associated:
            if connection.chronicle.number == number:
                connection.end_by_us(reason)
                return True
        return False

    # House

    def spawn(self, work: Work, name: str) -> None:
        """Run work that waits."""
        if self._tasks is not None:
            self._tasks.start_soon(work, name=name)

    def arrived(self, connection: AcceptedAssociation) -> None:
        """A connection without an association; the oldest such goes if there are too many."""
        self._unassociated[connection] = None
        if len(self._unassociated) > MAX_UNASSOCIATED:
            oldest = next(iter(self._unassociated))
            del self._unassociated[oldest]
            oldest.make_room()

    def established(self, connection: AcceptedAssociation) -> None:
        """It has an association."""
        self._unassociated.pop(connection, None)
        self._associated[connection] = None

    def ended(self, connection: AcceptedAssociation) -> None:
        """It has none any more."""
        if connection in self._associated:
            del self._associated[connection]
            self._unassociated[connection] = None
            self._tell_changed()

    def left(self, connection: AcceptedAssociation) -> None:
        """The connection is gone."""
        self._associated.pop(connection, None)
        self._unassociated.pop(connection, None)
        self._tell_changed()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        make = partial(AcceptedAssociation, self.desk, self, self._receive_buffer)
        for endpoint in self._endpoints:
            server = await loop.create_server(
                make, endpoint.host, endpoint.port, backlog=self._backlog, start_serving=False
            )
            self._servers.append(server)

    def _close(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()

    def _cut_off_all(self) -> None:
        # A loop does not close as long as a connection has something left to write.
        for connection in [*self._associated, *self._unassociated]:
            connection.cut_off()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._changed = anyio.Event()
            await self._changed.wait()

    def _tell_changed(self) -> None:
        self._changed.set()
