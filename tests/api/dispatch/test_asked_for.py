import anyio
import pytest

from pacsd.api.dispatch.asked_for import MAX_DEPTH, asked_for, asking_for, within
from pacsd.api.errors import Circular


def test_each_needs_the_next_one() -> None:
    with asking_for("pacsd_key", "a"), asking_for("pacsd_key", "b"):
        assert asked_for() == (("pacsd_key", "a"), ("pacsd_key", "b"))
        with asking_for("pacsd_blob_store", "a"):
            pass
        with (
            pytest.raises(Circular, match="each needs the next one: a -> b -> a"),
            asking_for("pacsd_key", "a"),
        ):
            pass
    assert asked_for() == ()


def test_what_has_no_end_is_ended() -> None:
    def ask(number: int) -> None:
        with asking_for("pacsd_key", str(number)):
            ask(number + 1)

    with pytest.raises(Circular, match=f"more than {MAX_DEPTH} that each need the next one"):
        ask(0)


async def test_tasks_are_begun_with_it_and_others_do_not_see_it() -> None:
    seen: list[object] = []

    async def look() -> None:
        seen.append(asked_for())

    async with anyio.create_task_group() as tasks:
        with within((("pacsd_key", "a"),)):
            tasks.start_soon(look)
        tasks.start_soon(look)
    assert seen == [(("pacsd_key", "a"),), ()]
