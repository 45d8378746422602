"""The stores that the configuration names: given by plugins, and put together where several are."""

from collections.abc import Collection, Mapping
from contextlib import aclosing

import structlog

from pacsd.api.errors import PluginError, StoreError
from pacsd.api.store import BlobStore
from pacsd.app.conf.settings import StoreSettings
from pacsd.app.plugins.hooks import Hooks
from pacsd.archive.stores import StoresTogether

_log = structlog.get_logger("pacsd.store")


async def found(hooks: Hooks, settings: StoreSettings) -> Mapping[str, BlobStore]:
    """The stores by their names, the first one first.

    Raises:
        HookError: one is not provided, twice, or fails.
        PluginError: one is made of another, which then is no store beside it; or another than the
            first has decisions in its state log, of which nobody would know.
    """
    stores = {name: await hooks.blob_store(name) for name in settings.names}
    # Of whatever depth: what lies between may be no store of its own.
    for name, made_of in hooks.blob_store.made_of.items():
        both = made_of & stores.keys()
        if both:
            part = min(both)
            why = f"it is made of store '{part}', which must not be a store of its own beside it"
            raise PluginError(name, why)
    for name in settings.others:
        await _check_undecided(name, stores[name])
    return stores


async def _check_undecided(name: str, store: BlobStore) -> None:
    try:
        async with aclosing(store.state_log.read()) as records:
            async for _ in records:
                why = "its state log has decisions: it was a first store, and is to be store.name"
                raise PluginError(name, why)
    except StoreError as error:
        raise PluginError(name, f"its state log cannot be read: {error}") from error


def together(stores: Mapping[str, BlobStore], in_use: Collection[str]) -> BlobStore:
    """What the archive uses: a single store as it is, if no other one is `in_use`.

    Of those in use that are not there the log warns: what lies in them cannot be read, nor is it
    lost.
    """
    missing = sorted({*in_use} - stores.keys())
    for name in missing:
        _log.warning(
            "stored objects lie in a store that is not configured: they cannot be read",
            store=name,
        )
    if len(stores) == 1 and not missing:
        return next(iter(stores.values()))
    return StoresTogether(stores)
