"""The keys of [plugins.store_fs]."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pacsd.api.settings import Settings


class StoreFsSettings(Settings):
    """Where files lie and how they are written."""

    root: Path | None = None
    """Directory of the store; a relative path is seen from the data directory. Default: `store` in
    the data directory, of a second file store its name. Point it at an empty directory of its own.
    """

    threads: int = Field(default=4, ge=1, le=64)
    """Threads that write, and as many more that flush files to the disk."""

    durability: Literal["full", "relaxed"] = "full"
    """"full": an object is acknowledged once it survives a power cut. "relaxed": once the operating
    system has it; a power cut loses what was acknowledged last. For tests and caches only."""
