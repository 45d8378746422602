"""What commands share that read the configuration: the option, the errors, exit code 2."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pacsd.app.conf.errors import ConfigErrors

EXIT_CONFIG = 2
EXIT_INTERRUPTED = 130
"""Of every command that Ctrl-C ends, as a shell has it of one that a SIGINT ends."""

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The TOML file. [env: PACSD_CONFIG]", show_default=False),
]


@contextmanager
def config_errors() -> Iterator[None]:
    """Print what is wrong with the configuration, a line each, and leave with exit code 2."""
    try:
        yield
    except ConfigErrors as error:
        for line in error.errors:
            typer.echo(str(line), err=True)
        raise typer.Exit(EXIT_CONFIG) from None
