"""The words of an A-ASSOCIATE-RJ (PS3.8 section 9.3.4, table 9-21)."""

from enum import IntEnum

from pacsd.ul.pdu import AssociateRJ


class RejectResult(IntEnum):
    """Whether it is worth trying again."""

    PERMANENT = 1
    TRANSIENT = 2


class RejectSource(IntEnum):
    """Who rejects."""

    SERVICE_USER = 1
    PROVIDER_ACSE = 2
    PROVIDER_PRESENTATION = 3


class UserReason(IntEnum):
    """Reasons of the service user (source 1)."""

    NO_REASON_GIVEN = 1
    APPLICATION_CONTEXT_NAME_NOT_SUPPORTED = 2
    CALLING_AE_TITLE_NOT_RECOGNIZED = 3
    CALLED_AE_TITLE_NOT_RECOGNIZED = 7


class ACSEReason(IntEnum):
    """Reasons of the provider's association control (source 2)."""

    NO_REASON_GIVEN = 1
    PROTOCOL_VERSION_NOT_SUPPORTED = 2


class PresentationReason(IntEnum):
    """Reasons of the provider's presentation related function (source 3)."""

    TEMPORARY_CONGESTION = 1
    LOCAL_LIMIT_EXCEEDED = 2


_REASONS: dict[int, type[IntEnum]] = {
    RejectSource.SERVICE_USER: UserReason,
    RejectSource.PROVIDER_ACSE: ACSEReason,
    RejectSource.PROVIDER_PRESENTATION: PresentationReason,
}


def rejected_by_user(reason: UserReason) -> AssociateRJ:
    """RJ(1,1,reason): asking again in the same way is of no use."""
    return AssociateRJ(RejectResult.PERMANENT, RejectSource.SERVICE_USER, reason)


def rejected_by_acse(reason: ACSEReason) -> AssociateRJ:
    """RJ(1,2,reason)."""
    return AssociateRJ(RejectResult.PERMANENT, RejectSource.PROVIDER_ACSE, reason)


def rejected_for_now(reason: PresentationReason) -> AssociateRJ:
    """RJ(2,3,reason): the peer may try again later."""
    return AssociateRJ(RejectResult.TRANSIENT, RejectSource.PROVIDER_PRESENTATION, reason)


def describe(rejection: AssociateRJ) -> str:
    """The rejection in words: `rejected-permanent, by the service user: called AE title ...`."""
    result = _name(RejectResult, rejection.result)
    source = _name(RejectSource, rejection.source)
    reasons = _REASONS.get(rejection.source)
    reason = _name(reasons, rejection.reason) if reasons else f"reason {rejection.reason}"
    return f"rejected {result}, by the {source}: {reason}"


def _name(words: type[IntEnum], value: int) -> str:
    if value in words._value2member_map_:
        name = words(value).name.lower().replace("_", " ")
        return name.replace("ae title", "AE title").replace("acse", "ACSE")
    return f"reserved value {value}"
