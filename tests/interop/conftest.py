"""One daemon for all tests of a process; one of its own for each test that stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsd.testing.daemon import Running, running
from tests.interop.objects import Store


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.interop)


@pytest.fixture(scope="session")
def served() -> Iterator[Running]:
    with running("--http", "") as daemon:
        yield daemon
        assert daemon.stop() == 0
        assert [line for line in daemon.lines if line.get("level") == "error"] == []


@pytest.fixture
def port(served: Running) -> int:
    return served.port


@pytest.fixture
def store() -> Iterator[Store]:
    """What is stored by a daemon that nobody has sent anything yet."""
    with running("--http", "") as daemon:
        yield Store(daemon)
        assert daemon.stop() == 0
        assert [line for line in daemon.lines if line.get("level") == "error"] == []
