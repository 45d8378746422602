"""The keys of [plugins.target_folder]."""

from collections import Counter
from pathlib import Path

from pydantic import Field

from pacsd.api.settings import Settings
from pacsd_target_folder.layout import layout_problem


class FolderSettings(Settings):
    """One folder that routes may name."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", examples=["research"])
    """Routes name it `folder:` and this."""

    path: Path = Field(examples=["/srv/research"])
    """The folder, with its whole path. It has to be there: it is never made."""

    layout: str = Field(default="{study}/{series}/{instance}.dcm", max_length=200)
    """Where in the folder a file lies: letters, digits, `_`, `-`, `.`, `/` and the UIDs `{study}`,
    `{series}` and `{instance}`, the last one in the name of the file."""

    must_be_mounted: bool = False
    """Write only while the folder is a mount point, so that a share that is not mounted is not
    filled beside."""

    keep_free_bytes: int = Field(default=1024 * 1024 * 1024, ge=0, le=2**60)
    """While the file system has fewer free bytes nothing is sent."""

    patience_s: float = Field(default=30.0, ge=0.1, le=600)
    """So long the folder may take to answer; a file may take longer, by a second for each MiB."""


class TargetFolderSettings(Settings):
    """Folders that studies are routed to."""

    target: tuple[FolderSettings, ...] = Field(default=(), max_length=100)
    """The folders, each with a name of its own."""


def problems(settings: TargetFolderSettings) -> list[str]:
    """What of the settings cannot be used."""
    names = Counter(each.name for each in settings.target)
    found = [f"target: the name {name} is there {n} times" for name, n in names.items() if n > 1]
    for each in settings.target:
        if not each.path.is_absolute():
            found.append(f"target {each.name}: path: {each.path} does not begin with /")
        if problem := layout_problem(each.layout):
            found.append(f"target {each.name}: layout: {problem}")
    return found
