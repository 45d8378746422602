"""pacsd with more than it starts with, measured as if it were another server.

pacsd-plugins   the examples enabled, each in a process of its own
pacsd-trusted   the examples enabled, in the daemon
pacsd-rules     a rule that looks at every study, and leads none of them anywhere
pacsd-forward   a rule that sends every study to two targets, and to one that is down
pacsd-dead-dimse, pacsd-dead-stow
                a rule that sends every study to two DIMSE targets and one by STOW-RS, of which one
                is dead; where that server is, `forward_dead` says
pacsd-s3        objects in SeaweedFS, by way of a spool
"""

import atexit
import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from contrib.bench import wire
from contrib.bench.beside import entry_points_of, made_available
from contrib.bench.servers import PACSD_PEERS, PEERS, SINK, WIDE_SINK, Peer, Place
from contrib.peers import seaweedfs
from contrib.peers.seaweedfs import SeaweedFS

_EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
_PLAIN = PEERS["pacsd"]
_DOWN = "DOWN"
_ONE, _FOUR, _NONE = (f"peer:{title}" for title in (SINK, WIDE_SINK, _DOWN))
_STOW = "web:stow"


def _with_config(place: Place, text: str, python_path: str = "") -> list[str]:
    path = place.directory / "pacsd.toml"
    path.write_text(text, encoding="utf-8")
    environment = ["env", f"PYTHONPATH={python_path}"] if python_path else []
    return [*environment, *_PLAIN.command(place), f"--config={path}"]


def _with_examples(place: Place, *, trusted: bool) -> list[str]:
    """Every example that has to do with what comes over DIMSE, set up to let everything pass."""
    tables = {
        "ae_prefix": 'prefixes = ["B", "P"]',
        "bearer_tokens": (
            f'[[plugins.bearer_tokens.token]]\nname = "viewer"\n'
            f'sha256 = "{hashlib.sha256(b"viewer").hexdigest()}"'
        ),
        "event_file": f'path = "{place.directory / "events.tsv"}"',
    }
    text = "".join(
        f"[plugins.{name}]\ntrusted = {str(trusted).lower()}\n{keys}\n"
        for name, keys in tables.items()
    )
    places = [_EXAMPLES / name for name in tables]
    plugins = {name: value for each in places for name, value in entry_points_of(each).items()}
    path = made_available(place.directory, "pacsd-examples", plugins, *places)
    return _with_config(place, text, path)


@cache
def _seaweed() -> SeaweedFS:
    """One for all rounds, until the program ends."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(seaweedfs.running())


def _with_s3(place: Place) -> list[str]:
    """Each data directory has a place of its own in the bucket."""
    text = f"""
        [store]
        name = "store_s3"
        [plugins.store_fs]
        [plugins.store_s3]
        endpoint = "{_seaweed().endpoint}"
        bucket = "{seaweedfs.BUCKET}"
        access_key_id = "{seaweedfs.ACCESS_KEY_ID}"
        secret_access_key = "{seaweedfs.SECRET_ACCESS_KEY}"
        prefix = "{str(place.directory).strip("/")}/"
        keep_free_bytes = 0
    """
    return _with_config(place, text)


def _with_rules(place: Place) -> list[str]:
    rules = place.directory / "routes.toml"
    text = '[[rule]]\nname = "nobody"\nmatch = { PatientID = "nobody" }\nto = ["peer:SITE"]\n'
    rules.write_text(text, encoding="utf-8")
    return _with_config(place, f'[plugins.route_rules]\ntrusted = true\nfile = "{rules}"\n')


def _with_targets(place: Place, *targets: str) -> list[str]:
    rules = place.directory / "routes.toml"
    to = ", ".join(f'"{target}"' for target in targets)
    rules.write_text(f'[[rule]]\nname = "all"\nto = [{to}]\n', encoding="utf-8")
    text = f'[events]\nstudy_quiet_s = 5\n[plugins.route_rules]\ntrusted = true\nfile = "{rules}"\n'
    command = _with_config(place, text)
    with (place.directory / PACSD_PEERS).open("a", encoding="utf-8") as peers:
        peers.write(f'[[peer]]\nae_title = "{_DOWN}"\nhost = "{wire.HOST}"\nport = 1\n')
    return command


def _variant(name: str, command: Callable[[Place], list[str]]) -> Peer:
    return replace(_PLAIN, name=name, command=command)


def _sending(name: str, *targets: str) -> Peer:
    return _variant(name, lambda place: _with_targets(place, *targets))


VARIANTS = {
    peer.name: peer
    for peer in (
        _variant("pacsd-plugins", partial(_with_examples, trusted=False)),
        _variant("pacsd-trusted", partial(_with_examples, trusted=True)),
        _variant("pacsd-rules", _with_rules),
        _sending("pacsd-forward", _ONE, _FOUR, _NONE),
        _sending("pacsd-dead-dimse", _ONE, _NONE, _STOW),
        _sending("pacsd-dead-stow", _ONE, _FOUR, _STOW),
        _variant("pacsd-s3", _with_s3),
    )
}
"""Measured when they are asked for."""
