import asyncio
from math import inf

import anyio
import pytest

from pacsd.app.isolation.contained import Raised, contained, limit


@pytest.mark.parametrize("raised", [KeyError("x"), SystemExit(3), asyncio.CancelledError()])
async def test_what_is_raised_is_contained(raised: BaseException) -> None:
    async def work() -> None:
        raise raised

    with pytest.raises(Raised, match=f"raised {type(raised).__name__}") as found:
        await contained(work())
    assert found.value.__cause__ is raised


async def test_who_is_cancelled_is() -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await contained(anyio.sleep_forever())
    assert scope.cancelled_caught


async def test_a_limit_may_be_none() -> None:
    async with limit(inf) as endless, limit(5) as short:
        assert endless.when() is None
        assert short.when() is not None
