from collections.abc import Awaitable, Callable
from io import BytesIO

import pytest

from pacsd.api.host import HostError
from pacsd.api.instances import NO_INSTANCES


@pytest.mark.parametrize(
    "ask",
    [
        lambda: NO_INSTANCES.of_study("1.2"),
        lambda: NO_INSTANCES.header("1.2"),
        lambda: NO_INSTANCES.read("1.2", 0, 1),
        lambda: NO_INSTANCES.open("1.2"),
        lambda: NO_INSTANCES.add(BytesIO()),
    ],
)
async def test_without_a_daemon_there_are_none(ask: Callable[[], Awaitable[object]]) -> None:
    with pytest.raises(HostError, match="no daemon"):
        await ask()
