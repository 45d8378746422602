from threading import Thread

import anyio

from pacsd.index.bell import Bell, Bells


def ring(bell: Bell) -> None:
    """In another thread, as the writer does."""
    thread = Thread(target=bell.ring)
    thread.start()
    thread.join()


async def test_whoever_waits_is_let_go_by_a_ring_in_another_thread() -> None:
    bell = Bell()
    let_go = []

    async def wait(name: str) -> None:
        await bell.wait(0)
        let_go.append(name)

    with anyio.fail_after(15):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait, "first")
            tasks.start_soon(wait, "second")
            await anyio.wait_all_tasks_blocked()
            assert let_go == []
            await anyio.to_thread.run_sync(bell.ring)
    assert sorted(let_go) == ["first", "second"]


async def test_a_ring_in_between_is_not_missed() -> None:
    bell = Bell()
    heard = bell.rings
    bell.ring()
    with anyio.fail_after(15):
        await bell.wait(heard)
    assert bell.rings == heard + 1


async def test_who_gave_up_does_not_hinder_the_others() -> None:
    bell = Bell()
    with anyio.move_on_after(0):
        await bell.wait(0)
    with anyio.fail_after(15):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bell.wait, 0)
            await anyio.wait_all_tasks_blocked()
            bell.ring()


def test_a_loop_that_is_closed_has_nobody_who_waits() -> None:
    bell = Bell()

    async def give_up() -> None:
        with anyio.move_on_after(0):
            await bell.wait(0)

    anyio.run(give_up)
    ring(bell)
    assert bell.rings == 1


def test_bells_are_rung_each_by_itself() -> None:
    bells = Bells()
    ring(bells.jobs)
    assert (bells.jobs.rings, bells.changes.rings) == (1, 0)
