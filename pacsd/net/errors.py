"""How an association we request can fail, and an operation over it.

    AssociationError
    ├── NotConnected      no transport connection: refused, unreachable, too slow
    ├── Rejected          the peer answered with an A-ASSOCIATE-RJ
    ├── Aborted           the peer sent an A-ABORT
    ├── ConnectionLost    the transport connection closed under it
    ├── ProtocolBroken    the peer broke the protocol, or kept us waiting too long
    ├── BrokenOff         we ended it ourselves, in the middle of a data set
    ├── NotAccepted       no presentation context for what is asked was accepted
    └── PoolFull          too many are waiting for an association to this peer already

    OperationFailed       the peer answered a query or retrieval with a status that says so

Each text says what happened in words for a person; none carries a peer's text unescaped.
"""

from pacsd.dicom.status import describe as describe_status
from pacsd.dicom.text import printable
from pacsd.dimse.commands import Response
from pacsd.ul.pdu import AssociateRJ
from pacsd.ul.rejection import describe


class AssociationError(Exception):
    """There is no association, or no longer one."""


class NotConnected(AssociationError):
    """There is no transport connection to the peer."""


class Rejected(AssociationError):
    """The peer rejected the association (PS3.8 section 9.3.4)."""

    def __init__(self, rejection: AssociateRJ) -> None:
        super().__init__(
            f"association {describe(rejection)} "
            f"[RJ({rejection.result},{rejection.source},{rejection.reason})]"
        )
        self.rejection = rejection


class Aborted(AssociationError):
    """The peer aborted the association (PS3.8 section 9.3.8)."""

    def __init__(self, source: int, reason: int) -> None:
        super().__init__(f"the peer aborted the association [AB({source},{reason})]")
        self.source = source
        self.reason = reason


class ConnectionLost(AssociationError):
    """The transport connection closed before the association was released."""


class ProtocolBroken(AssociationError):
    """The peer broke the protocol, or did not answer in time."""


class BrokenOff(AssociationError):
    """We ended the association ourselves: a data set could not be sent to its end."""


class NotAccepted(AssociationError):
    """The peer accepted no presentation context for what is asked."""


class PoolFull(AssociationError):
    """More are waiting for an association to this peer than the pool lets wait."""


class OperationFailed(Exception):
    """The final response to an operation is none of success; the association lives.

    `data_set` is that of the response, b"" if it has none. `operation` is "find", "move" or "get",
    as in `status.describe`.
    """

    def __init__(self, response: Response, data_set: bytes, operation: str) -> None:
        comment = printable(response.error_comment)
        text = f"C-{operation.upper()}: {describe_status(response.status, operation)}"
        super().__init__(f"{text}: {comment}" if comment else text)
        self.response = response
        self.data_set = data_set

    @property
    def status(self) -> int:
        """Status (0000,0900)."""
        return self.response.status
