from collections.abc import Awaitable, Callable

import pytest

from pacsd.api.host import HostError
from pacsd.api.labels import NO_LABELS


@pytest.mark.parametrize(
    "ask",
    [
        lambda: NO_LABELS.set("1.2", "urgent"),
        lambda: NO_LABELS.remove("1.2", "urgent"),
        lambda: NO_LABELS.of("1.2"),
    ],
)
async def test_without_a_daemon_there_are_none(ask: Callable[[], Awaitable[object]]) -> None:
    with pytest.raises(HostError, match="no daemon"):
        await ask()
