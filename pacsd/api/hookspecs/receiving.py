"""Hooks about instances on their way in."""

from pacsd.api.hook_facts import Kind, Policy, specification
from pacsd.api.receiving import NotAccepted, ReceivedInstance


@specification(Kind.FIRST, Policy.CLOSED, deadline_s=5, since="0.1", answers=(NotAccepted,))
def pacsd_instance_received(instance: ReceivedInstance) -> NotAccepted | None:
    """Decide whether an instance is taken in.

    Asked once per instance, by whatever way it comes, as soon as its header is known: before its
    pixel data has come as a rule, and always before it is kept. The rest of a refused data set is
    read and dropped, then the sender has its status. The implementations are asked one after the
    other; the first refusal ends it. When one raises, is late or returns anything else, the
    instance is answered with A700, so that its sender tries again.

    Args:
        instance: what it says it is, and how it came.

    Returns:
        None to let it in, or NotAccepted with the status and comment its sender is told.
    """
