"""Hooks about instances on their way in."""

from pacsd.api.hook_facts import Kind, Policy, specification
from pacsd.api.receiving import Coerce, Hold, NotAccepted, Quarantine, ReceivedInstance


@specification(
    Kind.FILTER,
    Policy.CLOSED,
    deadline_s=5,
    since="0.1",
    answers=(NotAccepted, Coerce, Hold, Quarantine),
)
def pacsd_instance_received(
    instance: ReceivedInstance,
) -> NotAccepted | Coerce | Hold | Quarantine | None:
    """Decide whether an instance is taken in, how it is shown, and whether it is.

    Asked once per instance, by whatever way it comes, as soon as its header is known: before its
    pixel data has come as a rule, and always before it is kept. The rest of a refused data set is
    read and dropped, then the sender has its status. The implementations are asked one after the
    other, each about what those before it coerced. The first refusal ends it; otherwise it goes to
    quarantine if one says so, is held if one says so, and coerced by all that do: never shown
    before that. When one raises, is late or returns anything else, such as what may not be coerced,
    the instance is answered with A700, so that its sender tries again. What a crash left over,
    durable but not decided about, is asked about again at the next start, or by `pacsd fsck`.

    Args:
        instance: what it says it is, and how it came.

    Returns:
        None to let it in as it is; Coerce to have it leave with other values; Hold or Quarantine to
        keep it unseen until it is released; NotAccepted with the status and comment its sender is
        told.
    """
