from contrib.bench import drive, servers, sink
from contrib.bench.arrivals import Arrivals, stored_objects
from contrib.bench.servers import PEERS


def test_what_arrives_at_both_is_counted() -> None:
    with (
        servers.running(PEERS["pacsd"]) as receiver,
        sink.running(receiver.sink_port) as target,
    ):
        arrivals = Arrivals(target, receiver.http_port)
        assert not arrivals.begin(0.1)
        for port, objects in ((receiver.port, 3), (receiver.sink_port, 2)):
            report = drive.run("store", port, objects=objects, rows=64, timeout_s=30.0)
            assert report is not None
        assert arrivals.begin(30.0)
        arrivals.look()
        assert (arrivals.dimse, arrivals.web, arrivals.total) == (2, 3, 5)
        assert stored_objects(receiver.http_port) == 3
