"""Fifty acknowledged C-STOREs, then the power goes: how many are gone when it comes back.

The server's directory lies on an ext4 of its own, which is shut down without being flushed. An
object counts as there if a file holds its UID and all of its pixels, whatever the server itself
still knows of it; so a peer that lost its index may look better here than it is.
"""

import time
from pathlib import Path

from contrib.bench import messages, servers, wire
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.medium import NoMedium, medium
from contrib.bench.servers import Peer
from pacsd.ul.pdu import PDUType

OBJECTS = 50
_ROWS = 128


def take(peer: Peer, _: Scale) -> Values:
    """Cut the power of one server."""
    try:
        with medium() as disk:
            with servers.running(peer, disk.path) as server:
                sent = _store(server.port)
                disk.cut_power()
            disk.unmount()
            disk.mount()
            return {"power_cut": float(len(sent - _found(disk.path, sent)))}
    except NoMedium:
        return {}


def _store(port: int) -> set[str]:
    """The UIDs that were answered with success."""
    connection = wire.connect(port, 30.0)
    answer = wire.associate(connection, messages.ASSOCIATE_RQ_STORE)
    template = messages.store_message(messages.max_length(answer), _ROWS)
    first = time.time_ns() // 1_000_000 % 10**9 * 1000
    acknowledged = set()
    for serial in range(first, first + OBJECTS):
        connection.sendall(messages.with_uid(template, serial))
        if messages.is_success(wire.read_pdu(connection, PDUType.P_DATA_TF)):
            acknowledged.add(messages.uid(serial))
    connection.close()
    return acknowledged


def _found(folder: Path, uids: set[str]) -> set[str]:
    """Those whose UID and pixels stand in some file."""
    pixels = messages.pixels(_ROWS)
    found: set[str] = set()
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        if pixels in content:
            found |= {uid for uid in uids if uid.encode() in content}
    return found


_TITLE = f"of {OBJECTS} acknowledged objects lost in a power cut"

MEASURE = Measure("power-cut", (Figure("power_cut", _TITLE, "0", has_ratio=False),), take)
