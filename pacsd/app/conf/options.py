"""The options of `pacsd serve` that are settings too, and their short environment variables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pacsd.app.conf.sources import Origin, Override
from pacsd.app.conf.toml_lines import KeyPath

COMMAND_LINE = "command line"
ENVIRONMENT = "environment"
CONFIG_VARIABLE = "PACSD_CONFIG"
PEER_VARIABLE = "PACSD_PEER"
PEER_FLAG = "--peer"
HTTP_TOKEN_VARIABLE = "PACSD_HTTP_TOKEN"  # noqa: S105 - the name of a variable
"""What commands show to DICOMweb servers that they call; no setting."""


@dataclass(frozen=True, slots=True)
class OptionKey:
    """An option, its environment variable and the key that both set."""

    flag: str
    variable: str
    path: KeyPath


OPTION_KEYS = (
    OptionKey("--data-dir", "PACSD_DATA_DIR", ("data_dir",)),
    OptionKey("--dimse", "PACSD_DIMSE", ("dimse", "listen")),
    OptionKey("--http", "PACSD_HTTP", ("http", "listen")),
    OptionKey("--ae-title", "PACSD_AE_TITLE", ("ae", 0, "title")),
)
SHORT_VARIABLES = (
    CONFIG_VARIABLE,
    PEER_VARIABLE,
    HTTP_TOKEN_VARIABLE,
    *(key.variable for key in OPTION_KEYS),
)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line gave; None or empty where it gave nothing.

    `peer` holds texts `AET=HOST:PORT`, `dimse` texts `HOST:PORT`.
    """

    data_dir: str | None = None
    dimse: tuple[str, ...] = ()
    http: str | None = None
    ae_title: str | None = None
    peer: tuple[str, ...] = ()

    def overrides(self) -> Iterator[Override]:
        """Yield the settings among them."""
        values = (self.data_dir, list(self.dimse) or None, self.http, self.ae_title)
        for key, value in zip(OPTION_KEYS, values, strict=True):
            if value is not None:
                yield Override(key.path, value, Origin(COMMAND_LINE, key.flag))


def short_overrides(environ: Mapping[str, str]) -> Iterator[Override]:
    """Yield the settings that the short environment variables give."""
    for key in OPTION_KEYS:
        value = environ.get(key.variable)
        if value is not None:
            yield Override(key.path, value, Origin(ENVIRONMENT, key.variable))


def peer_texts(options: Options, environ: Mapping[str, str]) -> list[tuple[str, Origin]]:
    """Return each `AET=HOST:PORT` with where it was given; options come last and win."""
    in_environment = Origin(ENVIRONMENT, PEER_VARIABLE)
    on_command_line = Origin(COMMAND_LINE, PEER_FLAG)
    texts = (text.strip() for text in environ.get(PEER_VARIABLE, "").split(","))
    return [
        *((text, in_environment) for text in texts if text),
        *((text, on_command_line) for text in options.peer),
    ]
