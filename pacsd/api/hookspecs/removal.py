"""Hooks about what is deleted."""

from pacsd.api.hook_facts import Kind, Policy, specification
from pacsd.api.removal import RemovalRequest
from pacsd.api.vote import Deny


@specification(Kind.VOTE, Policy.CLOSED, deadline_s=5, since="0.1", answers=(Deny,))
def pacsd_before_delete(request: RemovalRequest) -> Deny | None:
    """Have a say before a study, series or instance is taken out of sight.

    Asked once per deletion, whoever wants it, by whatever way. All plugins are asked; one denial is
    enough. When one raises, is late or returns anything else, nothing is deleted. This is an
    objection, so that no opinion is no denial and Allow no answer: who may delete over the network
    is decided by `pacsd_authorize`, with the action `delete`, where what nobody allows is denied.

    Args:
        request: what shall be deleted, by whom and why.

    Returns:
        None, or Deny with the reason that the one who asked is told.
    """
