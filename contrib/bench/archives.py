"""Servers' directories that are filled once and used in every round, and in other runs."""

import shutil
from collections.abc import Callable
from pathlib import Path

from contrib.bench.figures import Scale
from contrib.bench.servers import Peer


class NotFilled(Exception):
    """A server did not take what it was sent; the client has said why on stderr."""


def filled(name: str, peer: Peer, scale: Scale, fill: Callable[[Path], object]) -> Path:
    """The directory of a server with what `fill` puts there; `name` says what that is.

    Raises:
        NotFilled: it could not.
    """
    folder = scale.folder / f"{name}-{peer.name}"
    whole = folder.with_suffix(".whole")
    if not whole.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        fill(folder)
        whole.touch()
    return folder
