"""The keys of [plugins.ai_process]."""

from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pacsd.api.settings import Settings

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_. -]{0,63}$")]

_GIB = 1024**3


class ProgramSettings(Settings):
    """One program that runs models."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", examples=["lung"])
    """Models name it as their runner: `process:` and this."""

    models: tuple[Name, ...] = Field(min_length=1, max_length=100, examples=[["lung-nodules"]])
    """The models that it has; it is told which one is wanted."""

    command: tuple[str, ...] = Field(min_length=1, examples=[["/opt/lung/bin/run", "--cpu"]])
    """The program, with its whole path, and its arguments. It is begun in the folder of the run:
    `input` and `work.json` are there to be read, `output` and `scratch` to be written to."""

    readable: tuple[Path, ...] = Field(default=(), max_length=100, examples=[["/opt/lung"]])
    """What it may read beside the system's own programs: its weights, its environment."""

    environment: dict[str, str] = Field(default_factory=dict, max_length=100)
    """Variables that it gets. It gets none of the daemon's but PATH, LANG and TZ."""

    at_once: int = Field(default=1, ge=1, le=64)
    """Most runs of it at once."""

    memory_bytes: int = Field(default=8 * _GIB, ge=64 * 1024**2, le=2**50)
    """Most memory for data that each of its processes may have."""

    cpu_s: int = Field(default=3_600, ge=1, le=7 * 86_400)
    """Most seconds of processor time that each of its processes may take."""

    output_bytes: int = Field(default=2 * _GIB, ge=1_024, le=2**50)
    """Most bytes that it may leave in `output`, and that any file may have that it writes."""

    network: bool = False
    """Whether it may use the network, and everything else that is reached by it."""

    must_be_confined: bool = True
    """Whether it is not run at all where the system cannot confine it (Linux without user
    namespaces or Landlock). Without it a program can do there what the daemon can."""


class AiProcessSettings(Settings):
    """Models as programs."""

    program: tuple[ProgramSettings, ...] = Field(default=(), max_length=100)
    """The programs, each with a name of its own."""

    keep_days: float = Field(default=1.0, ge=0.01, le=365)
    """For so many days what a run has left is kept, for whoever writes results of it, or looks for
    what went wrong."""


def problems(settings: AiProcessSettings) -> list[str]:
    """What of the settings cannot be used."""
    names = Counter(each.name for each in settings.program)
    found = [f"program: the name {name} is there {n} times" for name, n in names.items() if n > 1]
    for each in settings.program:
        program = Path(each.command[0])
        if not program.is_absolute():
            found.append(f"program {each.name}: command: {program} does not begin with /")
        elif not program.is_file():
            found.append(f"program {each.name}: command: {program} is not there")
        found += [
            f"program {each.name}: readable: {path} does not begin with /"
            for path in each.readable
            if not path.is_absolute()
        ]
    return found
