"""One SeaweedFS for all tests of a process, started by the first that needs it."""

from collections.abc import Iterator

import pytest

from contrib.peers import seaweedfs
from contrib.peers.seaweedfs import SeaweedFS


@pytest.fixture(scope="session")
def seaweed() -> Iterator[SeaweedFS]:
    with seaweedfs.running() as server:
        yield server
