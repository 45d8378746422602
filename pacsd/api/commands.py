"""Commands that plugins add to `pacsd run`."""

from dataclasses import dataclass

MAX_COMMANDS = 32
"""Of one plugin."""
MAX_ARGUMENTS = 256
MAX_ARGUMENT_LENGTH = 4_096
MAX_TEXT_LENGTH = 256 * 1024
"""Of what a command says."""


@dataclass(frozen=True, slots=True)
class PluginCommand:
    """A command, as `pacsd run` lists it: `pacsd run PLUGIN NAME`."""

    name: str
    summary: str


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What a command says, on standard output, and the exit code of `pacsd run`, 0 to 255."""

    text: str = ""
    exit_code: int = 0
