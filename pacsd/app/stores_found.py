"""The stores that the configuration names: given by plugins, and put together where several are."""

from collections.abc import Collection, Mapping

import structlog

from pacsd.api.errors import PluginError
from pacsd.api.store import BlobStore
from pacsd.app.conf.settings import StoreSettings
from pacsd.app.plugins.hooks import Hooks
from pacsd.archive.stores import StoresTogether

_log = structlog.get_logger("pacsd.store")


async def found(hooks: Hooks, settings: StoreSettings) -> Mapping[str, BlobStore]:
    """The stores by their names, the first one first.

    Raises:
        HookError: one is not provided, twice, or fails.
        PluginError: one is made of another, which then is no store beside it.
    """
    stores = {name: await hooks.blob_store(name) for name in settings.names}
    for name, made_of in hooks.blob_store.made_of.items():
        both = made_of & stores.keys()
        if both and name in stores:
            part = min(both)
            why = f"it is made of store '{part}', which must not be a store of its own beside it"
            raise PluginError(name, why)
    return stores


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
