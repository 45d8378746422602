"""What the service provider itself refuses in an A-ASSOCIATE-RQ (PS3.8 section 9.2.3, AE-6)."""

from pacsd.dicom.registry import APPLICATION_CONTEXT
from pacsd.dicom.text import printable
from pacsd.ul.negotiation import MIN_MAX_LENGTH
from pacsd.ul.pdu import AssociateRJ, AssociateRQ
from pacsd.ul.rejection import ACSEReason, UserReason, rejected_by_acse, rejected_by_user

_PROTOCOL_VERSION_1 = 0x0001


def refusal_of(request: AssociateRQ) -> tuple[AssociateRJ, str] | None:
    """The rejection and its reason in words; None if a service user may decide."""
    if not request.protocol_version & _PROTOCOL_VERSION_1:
        return (
            rejected_by_acse(ACSEReason.PROTOCOL_VERSION_NOT_SUPPORTED),
            f"protocol version {request.protocol_version:04X}H lacks bit 0 (PS3.8 section 9.3.2)",
        )
    if request.application_context != APPLICATION_CONTEXT:
        return (
            rejected_by_user(UserReason.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED),
            f"application context {printable(request.application_context)} (PS3.7 Annex A.2.1)",
        )
    max_length = request.user_information.max_length
    if max_length and max_length < MIN_MAX_LENGTH:
        return (
            rejected_by_user(UserReason.NO_REASON_GIVEN),
            f"maximum length {max_length} has no room for a PDV, {MIN_MAX_LENGTH} is the least",
        )
    return None
