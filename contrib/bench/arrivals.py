"""What has arrived where a daemon forwards to: at a sink, and at a pacsd by STOW-RS."""

import time
import urllib.request

from contrib.bench import wire
from contrib.bench.sink import Sink

_STORED = "pacsd_stored_objects_total "
_TIMEOUT_S = 30.0
_LOOK_S = 0.05


class Arrivals:
    """Counts instances; `receiver_port` is that of the pacsd's HTTP, None: there is none."""

    def __init__(self, target: Sink, receiver_port: int | None) -> None:
        self._target = target
        self._receiver_port = receiver_port
        self.dimse = self.web = 0

    @property
    def total(self) -> int:
        """All that were there at the last look."""
        return self.dimse + self.web

    def look(self) -> None:
        """Count again."""
        self.dimse += self._target.received().objects
        if self._receiver_port is not None:
            self.web = stored_objects(self._receiver_port)

    def begin(self, timeout_s: float) -> bool:
        """Wait for the first; whether it came in time."""
        until_s = time.monotonic() + timeout_s
        while not self.total and time.monotonic() < until_s:
            time.sleep(_LOOK_S)
            self.look()
        return self.total > 0


def stored_objects(http_port: int) -> int:
    """How many a pacsd has newly kept since it was started, by its metrics."""
    url = f"http://{wire.HOST}:{http_port}/metrics"
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
        lines = answer.read().decode().splitlines()
    found = (line for line in lines if line.startswith(_STORED))
    return int(float(next(found, "_ 0").split()[-1]))
