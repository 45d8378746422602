"""The hook specifications: where plugins take part.

pluggy registers, validates and orders implementations (the last registered is asked first, unless
`tryfirst` or `trylast` say otherwise); `pacsd.api.dispatch` calls them. An implementation may be a
plain function, which runs in a worker thread, or `async`, which runs on the event loop and must
not block it. It may leave out parameters it does not need.
"""

import pluggy

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.store import BlobStore

PROJECT = "pacsd"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def pacsd_blob_store(name: str) -> BlobStore | None:
    """Give the store that keeps the bytes of stored objects (kind: provider).

    Asked once, after every plugin has started up. Two plugins that answer for one name keep the
    daemon from starting, and so does none.

    Args:
        name: the store asked for, [store] name of the configuration: by custom a plugin's name.

    Returns:
        A store that is ready to be used until the plugin is shut down; None when the name is
        another's.
    """


@hookspec
def pacsd_association_requested(request: AssociationRequest) -> Refusal | None:
    """Decide whether an association that the configuration admits may be opened (kind: first).

    Asked once per association, before the A-ASSOCIATE-AC. The implementations are asked one after
    the other within one deadline; the first refusal ends it. Error policy `closed`: when an
    implementation raises, is late or returns anything else, the association is refused for now,
    and the log names the plugin.

    Args:
        request: who asks, from where, for what; no secrets.

    Returns:
        None to let it pass, or the refusal to be sent.
    """
