"""Hooks about stores: which there are, and in which one an instance is kept."""

from pacsd.api.hook_facts import Kind, Policy, specification
from pacsd.api.receiving import ReceivedInstance, StoreChoice
from pacsd.api.store import BlobStore, Stores


@specification(Kind.PROVIDER, Policy.CLOSED, deadline_s=30, since="0.1", answers=(object,))
def pacsd_blob_store(name: str, stores: Stores) -> BlobStore | None:
    """Give a store that keeps the bytes of stored objects.

    Asked at start, after every plugin has started up, for each store that the configuration names
    and for those that it asks for itself. Two plugins that answer for one name keep the daemon from
    starting, and so does none, or one that fails.

    Args:
        name: the store asked for, [store] name of the configuration or one of its others: by
            custom a plugin's name.
        stores: gives another store by its name, which this one may be made of; within this call.

    Returns:
        A store that is ready to be used until the plugin is shut down; None when the name is
        another's.
    """


@specification(Kind.FIRST, Policy.CLOSED, deadline_s=5, since="0.1", answers=(StoreChoice, str))
def pacsd_choose_store(
    instance: ReceivedInstance, stores: tuple[str, ...]
) -> StoreChoice | str | None:
    """Say in which store an instance is kept.

    Asked once per instance, by whatever way it comes, after pacsd_instance_received let it in and
    before its bytes go to a store; not at all where the configuration names one store. Until the
    answer is there the instance waits in memory, and its sender with it when that is much. The
    first answer other than None counts. When one raises, is late or names a store that is not
    configured, the instance is answered with A700, so that its sender tries again. A choice holds
    for what comes, not for what is there: an instance that comes again stays where it was kept
    first. A chosen store that is full or read-only takes nothing: A700, too.

    Args:
        instance: what it says it is, and how it came; with what was coerced.
        stores: the names of the stores, [store] name of the configuration first.

    Returns:
        The name of one of them, alone or as a StoreChoice; None to leave it to others, and in the
        end to the first store.
    """
