"""What can go wrong in the Upper Layer.

ULError
├── LocalProtocolError      we asked for what the state or the negotiation does not allow
├── RemoteProtocolError     the peer broke PS3.8; the A-ABORT is already in `data_to_send`
└── PDUError                bytes that are not a valid PDU; the association turns it into the above
"""

from enum import IntEnum


class AbortSource(IntEnum):
    """Who aborts (PS3.8 table 9-26)."""

    SERVICE_USER = 0
    SERVICE_PROVIDER = 2


class AbortReason(IntEnum):
    """Why the service provider aborts (PS3.8 table 9-26)."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PDU_PARAMETER = 4
    UNEXPECTED_PDU_PARAMETER = 5
    INVALID_PDU_PARAMETER = 6


class ULError(Exception):
    """The root of this room's errors."""


class LocalProtocolError(ULError):
    """We asked for what the association's state or its negotiation does not allow."""


class RemoteProtocolError(ULError):
    """The peer broke the Upper Layer protocol.

    `source` and `reason` are those of the A-ABORT that `data_to_send` holds; (0, 0) before an
    association exists (PS3.8 section 9.2.3, AA-1), (2, reason) afterwards (AA-8). `is_timeout`
    says that the peer sent nothing wrong, but not what was due in time.
    """

    def __init__(self, text: str, source: int, reason: int, *, is_timeout: bool = False) -> None:
        super().__init__(text)
        self.source = source
        self.reason = reason
        self.is_timeout = is_timeout


class PDUError(ULError):
    """Bytes that do not form a valid PDU; `reason` is what an A-ABORT would say of them."""

    def __init__(self, text: str, reason: AbortReason = AbortReason.INVALID_PDU_PARAMETER) -> None:
        super().__init__(text)
        self.reason = reason
