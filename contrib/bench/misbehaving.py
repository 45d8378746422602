"""How long another peer's C-ECHO takes while a plugin misbehaves, in each of its homes.

One peer has an association and sends a C-ECHO every few milliseconds. Others ask for associations
meanwhile, and the plugin that is asked about them does what its home contains: one deed after the
other, each followed by an association that it lets in, so that it goes on being asked.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from contrib.bench import drive, messages, servers
from contrib.bench.beside import made_available
from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.misbehaving_plugin import CONTAINED
from contrib.bench.servers import Peer, Place
from contrib.bench.wire import NoAnswer, associate, connect, release

DISTURBERS = 4
LONGER = 5
"""So many times as long as others: calls that are late take five seconds each."""

_ROOT = Path(__file__).resolve().parents[2]
_ANSWER_TIMEOUT_S = 10.0


def take(peer: Peer, scale: Scale) -> Values:
    """Measure the daemon with the plugin in each home: behaving, and then misbehaving."""
    values: Values = {}
    for home, deeds in CONTAINED.items():
        with servers.running(_with_plugin(peer, home)) as server:
            for key, titles in (("quiet", ("BEHAVES",)), ("bad", deeds)):
                with _disturbed(server.port, titles):
                    seconds = scale.seconds * (LONGER if key == "bad" else 1)
                    report = drive.run("paced", server.port, seconds=seconds)
                for name in ("p50_ms", "p99_ms", "most_ms"):
                    values[f"{key}_{home}_{name}"] = None if report is None else report[name]
    return values


def _with_plugin(peer: Peer, home: str) -> Peer:
    def command(place: Place) -> list[str]:
        plugin = {"misbehaving": "contrib.bench.misbehaving_plugin:Misbehaving"}
        python_path = made_available(place.directory, "pacsd-misbehaving", plugin, _ROOT)
        config = place.directory / "pacsd.toml"
        table = f'[plugins.misbehaving]\ntrusted = true\nisolation = "{home}"\nmemory_mb = 256\n'
        config.write_text(table, encoding="utf-8")
        return ["env", f"PYTHONPATH={python_path}", *peer.command(place), f"--config={config}"]

    return replace(peer, command=command)


@contextmanager
def _disturbed(port: int, titles: Sequence[str]) -> Iterator[None]:
    """Have associations asked for as long as the block lasts."""
    is_over = threading.Event()
    threads = [
        threading.Thread(target=_disturb, args=(port, titles, is_over)) for _ in range(DISTURBERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def _disturb(port: int, titles: Sequence[str], is_over: threading.Event) -> None:
    for title in cycle(titles):
        for calling in (title, messages.CALLING_AE):
            if is_over.is_set():
                return
            # A plugin that misbehaves has it refused, or answered late.
            with suppress(OSError, NoAnswer):
                connection = connect(port, _ANSWER_TIMEOUT_S)
                with connection:
                    associate(connection, messages.associate_rq_echo(calling))
                    release(connection)


def _figures() -> Iterator[Figure]:
    for home in CONTAINED:
        for key, words in (("quiet", "plugin behaves"), ("bad", "plugin misbehaves")):
            title = f"C-ECHO of another peer, `{home}`, {words}: p50, ms"
            yield Figure(f"{key}_{home}_p50_ms", title)
            yield Figure(f"{key}_{home}_p99_ms", "... p99, ms")
            yield Figure(f"{key}_{home}_most_ms", "... longest, ms")


MEASURE = Measure("misbehaving", tuple(_figures()), take, only=("pacsd",))
