"""Row D51 with the daemon as a process: SIGTERM while peers store."""

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from pacsd.dimse.command_codec import decode_command
from pacsd.dimse.commands import CStoreRSP
from pacsd.testing.daemon import Running, running
from pacsd.ul.decode import decode_p_data
from tests.interop.objects import Store
from tests.interop.peers import LOOPBACK, PATIENCE_S
from tests.net.harness import (
    RELEASE_RP,
    RELEASE_RQ,
    STORE_CONTEXT,
    abort_pdu,
    associate_rq,
    command,
    data_set,
    reject_pdu,
    store_rq,
)

PEERS = 10


class Sender:
    """A peer that stores, one step after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = connection.makefile("rb")

    def send(self, *pdus: bytes) -> None:
        self._connection.sendall(b"".join(pdus))

    def pdu(self) -> bytes:
        header = self._received.read(6)
        return header + self._received.read(int.from_bytes(header[2:], "big"))

    def status(self) -> int:
        (pdv,) = decode_p_data(memoryview(self.pdu())[6:]).pdvs
        response = decode_command(bytes(pdv.data))
        assert isinstance(response, CStoreRSP)
        return response.status

    def close(self) -> None:
        self._received.close()
        self._connection.close()


def sender(port: int) -> Sender:
    return Sender(socket.create_connection((LOOPBACK, port), timeout=PATIENCE_S))


@contextmanager
def half_stored(daemon: Running) -> Iterator[list[Sender]]:
    """Peers that have stored one object each and are in the middle of the second."""
    with ExitStack() as stack:
        senders = [stack.enter_context(closing(sender(daemon.port))) for _ in range(PEERS)]
        for number, each in enumerate(senders):
            each.send(associate_rq())
            assert each.pdu()[0] == 2
            each.send(command(store_rq(1, f"1.2.{number}.1"), STORE_CONTEXT), data_set())
            assert each.status() == 0
            each.send(command(store_rq(2, f"1.2.{number}.2"), STORE_CONTEXT))
            each.send(data_set(is_last=False))
        yield senders


def test_d51_running_stores_finish_and_nothing_acknowledged_is_lost() -> None:
    with running("--http", "") as daemon, half_stored(daemon) as senders:
        daemon.signal(signal.SIGTERM)
        daemon.wait_for("draining")
        with closing(sender(daemon.port)) as late:
            late.send(associate_rq())
            assert late.pdu() == reject_pdu(2, 3, 1)
        for each in senders:
            each.send(data_set())
            assert each.status() == 0
            each.send(RELEASE_RQ)
            assert each.pdu() == RELEASE_RP
            each.close()
        assert daemon.process.wait(PATIENCE_S) == 0
        stored = Store(daemon)
        assert len(stored.all()) == 2 * PEERS


def test_d51_what_does_not_finish_is_aborted_and_nothing_acknowledged_is_lost(
    tmp_path: Path,
) -> None:
    config = tmp_path / "pacsd.toml"
    config.write_text("[dimse]\nshutdown_grace_s = 0.2\n", encoding="utf-8")
    options = ("--http", "", "--config", str(config))
    with running(*options) as daemon, half_stored(daemon) as senders:
        daemon.signal(signal.SIGTERM)
        for each in senders:
            assert each.pdu() == abort_pdu(0, 0)
            each.close()
        assert daemon.process.wait(PATIENCE_S) == 0
        stored = Store(daemon).all()
        assert {each.sop_instance_uid for each in stored} == {
            f"1.2.{number}.1" for number in range(PEERS)
        }
