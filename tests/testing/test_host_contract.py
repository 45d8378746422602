from collections.abc import Sequence
from pathlib import Path

import pytest

from pacsd.testing.fake_host import fake_host
from pacsd.testing.host_contract import KEY, KEY_NAME, check_host, check_values
from pacsd.testing.memory_keeping import MemoryValues


async def test_the_host_of_unit_tests_keeps_it(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    host.keys.provided[KEY_NAME] = KEY
    await check_host(host)


class Unordered(MemoryValues):
    """Values whose keys come in another order."""

    async def keys(self, prefix: str = "", after: str = "", /) -> Sequence[str]:
        return list(reversed(await super().keys(prefix, after)))


async def test_one_that_does_not_is_found_out() -> None:
    with pytest.raises(AssertionError):
        await check_values(Unordered())
