"""Why something is deleted: the query component of a DELETE, which is our own.

PS3.18 has no such transaction. What cannot be understood is refused before anything is deleted: a
misspelt parameter may have been meant to say what is not to be.
"""

from pacsd.dicomweb.errors import BadRequest
from pacsd.dicomweb.query_string import parameters_of

REASON = "reason"
ACCEPT = "accept"
"""Of all resources (PS3.18 section 8.3.3.1); here it is read, and changes nothing."""


def delete_reason(query: str) -> str | None:
    """Read the query component, percent-encoded as it came; None where no reason is given.

    Raises:
        BadRequest: a parameter that is unknown, or a second reason.
    """
    reason = None
    for name, value in parameters_of(query):
        if name == ACCEPT:
            continue
        if name != REASON:
            raise BadRequest("parameter", name, f"is none of {REASON}, {ACCEPT}")
        if reason is not None:
            raise BadRequest(REASON, value, "is a second value")
        reason = value
    return reason
