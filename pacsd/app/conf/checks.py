"""Checks of a whole configuration that no single setting can make. They change nothing."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pacsd.app.conf import peers_file, reading
from pacsd.app.conf.decode import Problem, format_value
from pacsd.app.conf.errors import ConfigError, ConfigErrors
from pacsd.app.conf.options import Options
from pacsd.app.conf.peers_file import Resolve
from pacsd.app.conf.setting_keys import format_path
from pacsd.app.conf.settings import Config
from pacsd.app.conf.sources import Sources
from pacsd.app.conf.toml_lines import KeyPath
from pacsd.net.endpoint import Endpoint
from pacsd.net.peers import Peer, PeerBook

_IN_MEMORY = ("tmpfs", "ramfs")
_MOUNTS = Path("/proc/self/mounts")


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration that may be started with; `peers_path` is what a reload reads again."""

    config: Config
    peers: PeerBook
    peers_path: Path | None
    sources: Sources


def check(
    path: Path | None = None,
    options: Options | None = None,
    environ: Mapping[str, str] | None = None,
    resolve: Resolve | None = None,
    *,
    as_owner: bool = False,
) -> Checked:
    """Read configuration and peers and check them together; arguments as in `reading.load`.

    Root that only looks (`as_owner`) judges a data directory for the user it belongs to.

    Raises:
        ConfigErrors: everything that is wrong, of all files at once.
    """
    gathered = reading.gather(path, options, environ)
    errors: list[ConfigError] = []
    config, others, peers = Config(), list[Peer](), PeerBook()
    with _collected(errors):
        config = reading.decode(gathered)
    with _collected(errors):
        others = reading.option_peers(gathered)
    with _collected(errors):
        peers = peers_file.load(gathered.peers_path, others, resolve)
    if not errors:
        problems = [
            *listen_problems(config, peers),
            *target_problems(config, peers),
            *place_problems(config),
            *data_dir_problems(config, as_owner=as_owner),
        ]
        errors += [gathered.sources.error(problem) for problem in problems]
    if errors:
        raise ConfigErrors(errors)
    return Checked(config, peers, gathered.peers_path, gathered.sources)


@contextmanager
def _collected(errors: list[ConfigError]) -> Iterator[None]:
    try:
        yield
    except ConfigErrors as error:
        errors += error.errors


def listen_problems(config: Config, peers: PeerBook) -> list[Problem]:
    """Refuse to be reached from outside without knowing by whom."""
    problems: list[Problem] = []
    outside = [endpoint for endpoint in config.dimse.listen if not endpoint.is_loopback]
    if outside and not config.dimse.unsafe_listen_anywhere:
        missing = "; ".join(_missing_to_listen(config, peers))
        problems += [_listen_problem("dimse", endpoint, missing) for endpoint in outside if missing]
    http = config.http.listen
    if http and not http.is_loopback and not config.http.unsafe_listen_anywhere:
        problems.append(_listen_problem("http", http, "nobody has to log in yet"))
    return problems


def target_problems(config: Config, peers: PeerBook) -> list[Problem]:
    """Refuse terms of a target that cannot be: a mistyped name would leave the real one without."""
    servers = {f"web:{each.name}" for each in config.web_target}
    problems = []
    for index, each in enumerate(config.route_target):
        kind, _, name = each.name.partition(":")
        peer = peers.find(name) if kind in {"peer", "notify"} else None
        rule = ""
        if kind in {"peer", "notify"} and (peer is None or peer.endpoint is None):
            rule = "is no peer of the peers file with host and port"
        elif kind == "web" and each.name not in servers:
            rule = "is no name of a [[web_target]]"
        if rule:
            path: KeyPath = ("route_target", index, "name")
            problems.append(Problem(path, format_value(each.name), rule))
    return problems


def place_problems(config: Config) -> list[Problem]:
    """Refuse a target that could take all places of jobs: others would wait while it hangs."""
    most = config.jobs.max_running
    rule = f"must be less than jobs.max_running ({most}), or other targets may find no place"
    return [
        Problem(("route_target", index, "at_once"), format_value(each.at_once), rule)
        for index, each in enumerate(config.route_target)
        if each.at_once is not None and each.at_once >= most
    ]


def data_dir_problems(config: Config, *, as_owner: bool = False) -> list[Problem]:
    """Refuse a data directory that cannot or should not be ours (created only by `serve`)."""
    try:
        rule = _data_dir_fault(config, as_owner=as_owner)
    except OSError as error:
        rule = f"cannot be used: {error.strerror}"
    return [Problem(("data_dir",), format_value(config.data_dir), rule)] if rule else []


def unsafe_keys(config: Config) -> list[str]:
    """The keys in force that switch a protection off, those of plugins too."""
    return [format_path(path) for path in _unsafe_paths((), config.model_dump())]


def listeners_outside(config: Config) -> list[str]:
    """What is listened on beyond loopback."""
    endpoints = (*config.dimse.listen, config.http.listen)
    return [str(each) for each in endpoints if each is not None and not each.is_loopback]


def filesystem_type(path: Path) -> str:
    """Return the kind of file system a path lies on, "" where the system does not say."""
    if not _MOUNTS.exists():
        return ""
    lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    kinds = {}
    for line in lines:
        _, mount, kind, *_ = line.split(" ")
        kinds[mount.replace(r"\040", " ")] = kind  # a later mount hides an earlier one
    inside = (kinds.get(str(folder)) for folder in (path, *path.parents))
    return next((kind for kind in inside if kind), "")


def _unsafe_paths(above: KeyPath, tree: object) -> Iterator[KeyPath]:
    if not isinstance(tree, dict):
        return
    for key, value in tree.items():
        if value is True and key.startswith("unsafe_"):
            yield (*above, key)
        yield from _unsafe_paths((*above, key), value)


def _missing_to_listen(config: Config, peers: PeerBook) -> Iterator[str]:
    if config.dimse.unknown_peers == "accept":
        yield 'dimse.unknown_peers is "accept"'
    for index, ae in enumerate(config.ae, 1):
        if ae.unknown_peers == "accept":
            yield f'ae[{index}].unknown_peers is "accept"'
    if not len(peers):
        yield "no [[peer]] in the peers file"
    for peer in peers:
        if not peer.has_address_range:
            yield f"peer {peer.ae_title} has neither host nor addresses that narrow it down"


def _listen_problem(table: str, endpoint: Endpoint, missing: str) -> Problem:
    path: KeyPath = (table, "listen")
    rule = f"is not loopback, but {missing} (or set {table}.unsafe_listen_anywhere = true)"
    return Problem(path, format_value(str(endpoint)), rule)


def _data_dir_fault(config: Config, *, as_owner: bool) -> str:
    path = config.data_dir
    real = Path(os.path.realpath(path))
    if real == Path(real.anchor):
        return "must not be the root directory"
    if path.is_symlink() and not path.exists():
        return "is a symbolic link that leads nowhere"
    if path.exists() and not path.is_dir():
        return "is not a directory"
    fault = _owner_fault(path, as_owner=as_owner) if path.exists() else ""
    if fault:
        return fault
    existing = next(folder for folder in (real, *real.parents) if folder.exists())
    if not existing.is_dir():
        return f"cannot be made: {existing} is not a directory"
    if not os.access(existing, os.W_OK | os.X_OK):
        return f"cannot be written: no permission for {existing}"
    kind = filesystem_type(existing)
    if kind in _IN_MEMORY and not config.store.unsafe_tmpfs:
        return f"lies in memory ({kind}), gone after a restart (or set store.unsafe_tmpfs = true)"
    return ""


def _owner_fault(folder: Path, *, as_owner: bool) -> str:
    found, us = folder.stat(), os.geteuid()
    if found.st_uid == us:
        return ""
    if us != 0 or not as_owner:
        return f"belongs to user id {found.st_uid}, we are {us}"
    needed = stat.S_IWUSR | stat.S_IXUSR
    if found.st_mode & needed != needed:
        return f"cannot be written: no permission for its owner, user id {found.st_uid}"
    return ""
