"""Tasks beside a block of work, which end with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup


@asynccontextmanager
async def tasks_beside() -> AsyncIterator[TaskGroup]:
    """A task group for the time of a block.

    What the block raises is raised as it is, and not in a group as a task group would. What a task
    raises cancels the block, and is raised in a group.
    """
    raised: Exception | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield tasks
        except Exception as error:  # noqa: BLE001 - raised again below
            raised = error
        tasks.cancel_scope.cancel()
    if raised is not None:
        raise raised
