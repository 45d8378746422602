import socket

from contrib.bench import messages, sink, wire
from contrib.bench.inbox import STATUS, Inbox
from contrib.bench.retrieve_client import Received


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((wire.HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_sink_takes_objects_and_tells_how_many() -> None:
    port = free_port()
    with sink.running(port) as target:
        connection = wire.connect(port, 5)
        answer = wire.associate(connection, messages.ASSOCIATE_RQ_STORE)
        request = messages.store_message(messages.max_length(answer), rows=64)
        inbox = Inbox(connection)
        for _ in range(3):
            connection.sendall(request)
            message = inbox.read()
            assert message is not None
            assert message.number(STATUS) == 0
        wire.release(connection)
        received = target.received()
        assert received.objects == 3
        assert received.data_set_bytes > 3 * 64 * 64 * 2
        assert target.received() == Received()
