"""Hooks about who may do what."""

from pacsd.api.access import (
    AccessRequest,
    Login,
    NotRecognized,
    Principal,
    Restriction,
    SightRequest,
)
from pacsd.api.hook_facts import Kind, Policy, specification
from pacsd.api.vote import Allow, Deny


@specification(
    Kind.FIRST, Policy.CLOSED, deadline_s=10, since="0.1", answers=(Principal, NotRecognized)
)
def pacsd_authenticate(login: Login) -> Principal | NotRecognized | None:
    """Say who somebody is, by what is shown.

    Asked for requests to DICOMweb and for associations with a user identity, at most every 30
    seconds for the same login from the same address, and sooner when the principal is not valid for
    so long. As soon as a plugin implements it, a request without a login is answered with 401, from
    this machine too, and an association whose user identity is no good is rejected; one without
    any is its calling AE title's, for which nobody vouches (`Principal.is_authenticated`). The
    implementations are asked one after the other; the first answer counts. When one raises, is late
    or returns anything else, nobody is let in.

    Args:
        login: what is shown, with the secret.

    Returns:
        The principal; NotRecognized when it is no good and nobody else is to be asked; None when
        its scheme or its user is not this plugin's business. If all say None it is no good.
    """


@specification(Kind.VOTE, Policy.CLOSED, deadline_s=5, since="0.1", answers=(Allow, Deny))
def pacsd_authorize(request: AccessRequest) -> Allow | Deny | None:
    """Have a say in what somebody may do.

    Asked for requests to DICOMweb and for C-FIND, C-MOVE, C-GET, C-STORE, and storage commitment
    (as for C-STORE), at most every 30 seconds for the same principal, address, action and study;
    `pacsd reload` has everything asked anew. All plugins are asked; one denial is enough, and
    somebody has to allow it: what all leave to others is denied. When one raises, is late or
    returns anything else, it is denied. The denied are told 403, or status 0124, and the reason
    stays in our log.

    Args:
        request: who wants to do what, by which door and from where.

    Returns:
        Allow, or Deny with a reason; None when it is not this plugin's business.
    """


@specification(Kind.COLLECT, Policy.CLOSED, deadline_s=5, since="0.1", answers=(Restriction,))
def pacsd_restrict_query(request: SightRequest) -> Restriction | None:
    """Say what somebody may see.

    Asked for whatever tells or changes what is archived, over DICOMweb (searches, retrievals of
    every kind, changes, DELETE) and over DIMSE (C-FIND, C-MOVE, C-GET), at most every 30 seconds
    for the same principal and address, and sooner when the principal is not valid for so long;
    `pacsd reload` has everything asked anew. All plugins are asked, and all restrictions hold. What
    is not seen is answered like what is not there, whoever names it by its UID; what is partly seen
    is not deleted. Counts and lists over what may not be seen are not told, nor are changes of what
    was deleted. When one raises, is late or returns anything else, such as an attribute that cannot
    be restricted, nothing is told: 403, or status 0124.

    Args:
        request: who is about to look, by which door and from where.

    Returns:
        None to restrict nothing, or what is seen.
    """
