"""Fixtures for the tests of plugins, with `pytest_plugins = ["pacsd.testing.fixtures"]`."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from pacsd.testing.daemon import Running, configured
from pacsd.testing.fake_host import FakeHost, fake_host


class StartsDaemon(Protocol):
    """Starts a daemon with a configuration (TOML); several at once, if called again."""

    def __call__(self, configuration: str = "", *, may_tell_exceptions: bool = False) -> Running:
        """As `pacsd.testing.daemon.configured`, until the test is through."""


@pytest.fixture
def daemon() -> Iterator[StartsDaemon]:
    """Start real daemons, each of which has to end well when the test is through."""
    with ExitStack() as stack:

        def start(configuration: str = "", *, may_tell_exceptions: bool = False) -> Running:
            started = configured(configuration, may_tell_exceptions=may_tell_exceptions)
            return stack.enter_context(started)

        yield start


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    """Give a plugin what the daemon would, and keep what it logs."""
    return fake_host(tmp_path)
