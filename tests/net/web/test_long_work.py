from threading import get_ident

import pytest

from pacsd.net.web.long_work import AT_ONCE, off_loop_if_many


@pytest.mark.parametrize(("count", "is_here"), [(0, True), (AT_ONCE, True), (AT_ONCE + 1, False)])
async def test_work_on_many_is_not_done_on_the_loop(count: int, is_here: bool) -> None:
    assert (await off_loop_if_many(get_ident, count) == get_ident()) is is_here


@pytest.mark.parametrize("count", [1, AT_ONCE + 1])
async def test_what_it_raises_is_raised(count: int) -> None:
    with pytest.raises(ZeroDivisionError):
        await off_loop_if_many(lambda: 1 // 0, count)
