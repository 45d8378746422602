"""Hooks about stores."""

from pacsd.api.hook_facts import Kind, Policy, specification
from pacsd.api.store import BlobStore, Stores


@specification(Kind.PROVIDER, Policy.CLOSED, deadline_s=30, since="0.1", answers=(object,))
def pacsd_blob_store(name: str, stores: Stores) -> BlobStore | None:
    """Give the store that keeps the bytes of stored objects.

    Asked at start, after every plugin has started up, for the store that the configuration names
    and for those that it asks for itself. Two plugins that answer for one name keep the daemon from
    starting, and so does none, or one that fails.

    Args:
        name: the store asked for, [store] name of the configuration: by custom a plugin's name.
        stores: gives another store by its name, which this one may be made of; within this call.

    Returns:
        A store that is ready to be used until the plugin is shut down; None when the name is
        another's.
    """
