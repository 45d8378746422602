"""Reading the configuration: file, environment and options into one `Config`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pacsd.app.conf import toml_document
from pacsd.app.conf.decode import Problem, decode_strictly, find_problems, format_value
from pacsd.app.conf.environment import read_environment
from pacsd.app.conf.errors import ConfigError, ConfigErrors
from pacsd.app.conf.options import CONFIG_VARIABLE, Options, peer_texts
from pacsd.app.conf.repeated import repeated_titles
from pacsd.app.conf.settings import Config
from pacsd.app.conf.sources import DEFAULT, Origin, Sources
from pacsd.net.peers import Peer
from pacsd.net.web_targets import WebTargetSettings


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was given, not yet decoded: the sources, and what is wrong with them as such."""

    sources: Sources
    options: Options
    environ: Mapping[str, str]
    errors: tuple[ConfigError, ...]

    @property
    def peers_path(self) -> Path | None:
        """The peers file; None when none is named and none lies beside the configuration."""
        path = ("peers_file",)
        name = self.sources.tree.get("peers_file", Config.model_fields["peers_file"].default)
        if self.sources.origin(path) != DEFAULT:
            return self.sources.folder(path) / str(name)
        if self.sources.document is None:
            return None
        beside = self.sources.document.path.with_name(str(name))
        return beside if beside.exists() else None


def load(
    path: Path | None = None,
    options: Options | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """Read the configuration; an option goes before the environment, that before the file.

    Args:
        path: the TOML file; None takes that of PACSD_CONFIG, or none.
        options: what the command line gave.
        environ: instead of the environment of the process.

    Raises:
        ConfigErrors: everything that is wrong.
    """
    return decode(gather(path, options, environ))


def gather(
    path: Path | None = None,
    options: Options | None = None,
    environ: Mapping[str, str] | None = None,
) -> Gathered:
    """Read the file and the environment without decoding them.

    Raises:
        ConfigErrors: the file cannot be read or is not TOML.
    """
    environ = os.environ if environ is None else environ
    options = options or Options()
    named = path or (Path(text) if (text := environ.get(CONFIG_VARIABLE)) else None)
    overrides, errors = read_environment(environ)
    document = toml_document.read(named) if named else None
    sources = Sources(document, [*overrides, *options.overrides()])
    return Gathered(sources, options, environ, tuple(errors))


def decode(gathered: Gathered) -> Config:
    """Decode the sources; relative paths of the file are then seen from the file.

    Raises:
        ConfigErrors: everything that is wrong.
    """
    sources = gathered.sources
    errors = [*gathered.errors, *_file_errors(sources)]
    wrong = {(error.file, error.line, error.key) for error in errors}
    try:
        # Not strictly: text is all that the environment can give. What the file gives was
        # decoded strictly above.
        config = Config.model_validate(sources.tree)
    except ValidationError as error:
        found = [sources.error(problem) for problem in find_problems(Config, error)]
        errors += [each for each in found if (each.file, each.line, each.key) not in wrong]
        raise ConfigErrors(errors) from None
    titles = [ae.title for ae in config.ae]
    errors += repeated_titles(sources, titles, "ae", "title")
    names = [each.name for each in config.web_target]
    errors += repeated_titles(sources, names, "web_target", "name")
    targets = [each.name for each in config.route_target]
    errors += repeated_titles(sources, targets, "route_target", "name")
    if errors:
        raise ConfigErrors(errors)
    paths = ("data_dir", "peers_file")
    seen = {name: sources.folder((name,)) / getattr(config, name) for name in paths}
    return config.model_copy(update={**seen, "web_target": _web_targets(config, sources)})


def _web_targets(config: Config, sources: Sources) -> tuple[WebTargetSettings, ...]:
    """Those of the configuration, with their files seen from where they are named."""
    return tuple(
        each.seen_from(sources.folder(("web_target", index, "name")))
        for index, each in enumerate(config.web_target)
    )


def option_peers(gathered: Gathered) -> list[Peer]:
    """Return the peers of `--peer` and PACSD_PEER, the last of each AE title.

    Raises:
        ConfigErrors: everything that is wrong with them.
    """
    peers: dict[str, Peer] = {}
    errors: list[ConfigError] = []
    for text, origin in peer_texts(gathered.options, gathered.environ):
        try:
            peer = Peer.parse(text)
            peers[peer.ae_title] = peer
        except ValueError as error:
            errors += _peer_errors(text, origin, error)
    if errors:
        raise ConfigErrors(errors)
    return list(peers.values())


def _peer_errors(text: str, origin: Origin, error: ValueError) -> list[ConfigError]:
    problems = (
        find_problems(Peer, error)
        if isinstance(error, ValidationError)
        else [Problem((), "", str(error))]
    )
    value = format_value(text)
    return [
        ConfigError(origin.file, None, origin.name, value, problem.rule) for problem in problems
    ]


def _file_errors(sources: Sources) -> list[ConfigError]:
    """Decode the file alone: what it says must be right even where it is overridden."""
    if sources.document is None:
        return []
    alone = Sources(sources.document)
    try:
        decode_strictly(Config, sources.document.tree)
    except ValidationError as error:
        return [alone.error(problem) for problem in find_problems(Config, error)]
    return []
