"""Hooks about associations."""

from pacsd.api.acceptance import AssociationClosed, AssociationRequest, Refusal
from pacsd.api.hook_facts import Kind, Policy, specification


@specification(Kind.FIRST, Policy.CLOSED, deadline_s=5, since="0.1", answers=(Refusal,))
def pacsd_association_requested(request: AssociationRequest) -> Refusal | None:
    """Decide whether an association that the configuration admits may be opened.

    Asked once per association, before the A-ASSOCIATE-AC. The implementations are asked one after
    the other; the first refusal ends it. When one raises, is late or returns anything else, the
    association is rejected for now (transient), and the log names the plugin.

    Args:
        request: who asks, from where, for what; no secrets.

    Returns:
        None to let it pass, or the refusal to be sent.
    """


@specification(Kind.NOTIFY, Policy.OPEN, deadline_s=5, since="0.1")
def pacsd_association_closed(closed: AssociationClosed) -> None:
    """Learn that an association has ended, however it did.

    Told once for each association that was established, after its end; the connection is gone by
    then. All plugins are told. What fails is logged and not repeated: for what must not be missed
    there are the events of the change log.

    Args:
        closed: who had it, how long, and how it ended.
    """
