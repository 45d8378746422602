"""How stores are doing, asked side by side: one that does not answer keeps no other one waiting."""

from collections.abc import Mapping

import anyio

from pacsd.api.store import BlobStore

ANSWER_S = 10.0
"""A store that has not said how it is doing by then is not well."""


async def taking_deletions(stores: Mapping[str, BlobStore]) -> tuple[str, ...]:
    """The names of those that say now that they are not read-only."""
    willing: set[str] = set()

    async def ask(name: str, store: BlobStore) -> None:
        try:
            with anyio.fail_after(ANSWER_S):
                status = await store.status()
        except Exception:  # noqa: BLE001 - of one store, whatever it is: ingest tells of it
            return
        if not status.is_read_only:
            willing.add(name)

    async with anyio.create_task_group() as tasks:
        for name, store in stores.items():
            tasks.start_soon(ask, name, store, name=f"status of {name}")
    return tuple(name for name in stores if name in willing)
