from collections.abc import Awaitable, Callable

import pytest

from pacsd.api.host import NOWHERE, HostError


@pytest.mark.parametrize(
    "ask",
    [
        lambda: NOWHERE.get("k"),
        lambda: NOWHERE.put("k", b"v"),
        lambda: NOWHERE.put_if_equal("k", b"v", None),
        lambda: NOWHERE.delete("k"),
        NOWHERE.keys,
        lambda: NOWHERE.enqueue("job"),
    ],
)
async def test_without_a_daemon_nothing_is_kept(ask: Callable[[], Awaitable[object]]) -> None:
    with pytest.raises(HostError, match="no daemon"):
        await ask()
