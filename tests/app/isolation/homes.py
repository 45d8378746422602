"""Homes for tests: how they are made, asked and provoked."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import pytest

from pacsd.api.acceptance import AssociationRequest
from pacsd.api.plugin import Host, Logger
from pacsd.app.isolation.home import Enabled, Home
from tests.house.floors import ROOT

HOOK = "pacsd_association_requested"
WITHIN_S = 50
"""Nothing takes that long; a test that hangs says where."""

NOWHERE = Path("/nonexistent")

NOT_SOON_S = 1_000.0
"""A deadline that no test reaches."""


def enabled(
    plugin: str, folder: Path, table: Mapping[str, object] | None = None, module: str = ""
) -> Enabled:
    """A plugin of `misbehaving`, or of another module of these tests."""
    name = module or "misbehaving"
    return Enabled("bad", f"tests.app.isolation.{name}:{plugin}", table or {}, folder)


def host_of(logger: Logger, folder: Path = NOWHERE) -> Host:
    """The Host of that plugin."""
    return Host("bad", folder, logger)


def asks(deed: str) -> dict[str, object]:
    """The arguments that make a plugin do it."""
    return {"request": AssociationRequest(deed, "PACSD", "192.0.2.7", 5000, None, (), "1.2.3", "")}


@asynccontextmanager
async def living(home: Home) -> AsyncIterator[Home]:
    """A home from start to stop."""
    with anyio.fail_after(WITHIN_S):
        async with anyio.create_task_group() as tasks:
            try:
                await home.start(tasks)
                yield home
            finally:
                with anyio.CancelScope(shield=True):
                    await home.stop()
            tasks.cancel_scope.cancel()


@contextmanager
def importable() -> Iterator[None]:
    """Plugins of the tests, in processes of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'plugins/store_fs'}")
        yield
