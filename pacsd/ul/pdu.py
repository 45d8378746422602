"""The PDUs of PS3.8 section 9.3, as records; the two of A-RELEASE say nothing but their type."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from pacsd.dicom.registry import APPLICATION_CONTEXT
from pacsd.ul.errors import AbortReason, AbortSource
from pacsd.ul.items import UserInformation

Buffer: TypeAlias = bytes | bytearray | memoryview

HEADER_LENGTH = 6
"""PDU type, a reserved byte and the length of what follows (PS3.8 section 9.3.1)."""

PDV_HEADER_LENGTH = 6
"""PDV item length, presentation context id and message control header (PS3.8 section 9.3.5.1)."""

MAX_TRANSFER_SYNTAXES = 256
"""Of one presentation context; a bound of ours, four times what PS3.6 defines."""

MAX_PROPOSED_SYNTAXES = 8_192
"""Transfer syntaxes of all contexts of one A-ASSOCIATE-RQ; a bound of ours, 128 contexts of 64."""

MAX_ASSOCIATE_LENGTH = 640 * 1024
"""The longest A-ASSOCIATE-RQ or -AC read: so many syntaxes of 64 characters are 556 KiB, and the
user information at most 64 KiB."""


class PDUType(IntEnum):
    """The first byte of a PDU."""

    ASSOCIATE_RQ = 0x01
    ASSOCIATE_AC = 0x02
    ASSOCIATE_RJ = 0x03
    P_DATA_TF = 0x04
    RELEASE_RQ = 0x05
    RELEASE_RP = 0x06
    ABORT = 0x07


class ContextResult(IntEnum):
    """The acceptor's answer to one presentation context (PS3.8 table 9-18)."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


class PDV(NamedTuple):
    """One presentation data value (PS3.8 section 9.3.5.1 and Annex E.2).

    `data` of a received PDV is a view of the receive buffer: valid until the next event is asked
    for or more data is fed, whichever comes first.
    """

    context_id: int
    is_command: bool
    is_last: bool
    data: Buffer


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """A presentation context as the requestor proposes it (PS3.8 section 9.3.2.2)."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContextAnswer:
    """The acceptor's answer to a presentation context (PS3.8 section 9.3.3.2).

    `transfer_syntax` has a meaning only with `ContextResult.ACCEPTANCE`.
    """

    context_id: int
    result: int
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class AssociateRQ:
    """A-ASSOCIATE-RQ (PS3.8 section 9.3.2). AE titles stand as received, without their padding.

    `bytes_11_to_74` are both AE title fields and the reserved bytes behind them as received, which
    an A-ASSOCIATE-AC repeats; b"" in a request of ours.
    """

    called_ae: str
    calling_ae: str
    contexts: tuple[ProposedContext, ...]
    user_information: UserInformation
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = 1
    bytes_11_to_74: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class AssociateAC:
    """A-ASSOCIATE-AC (PS3.8 section 9.3.3).

    `bytes_11_to_74` are sent for the AE titles if given: they repeat the request's (table 9-17).
    """

    called_ae: str
    calling_ae: str
    contexts: tuple[ContextAnswer, ...]
    user_information: UserInformation
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = 1
    bytes_11_to_74: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class AssociateRJ:
    """A-ASSOCIATE-RJ (PS3.8 section 9.3.4)."""

    result: int
    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class PDataTF:
    """P-DATA-TF (PS3.8 section 9.3.5)."""

    pdvs: tuple[PDV, ...]


class PDataRequest(NamedTuple):
    """P-DATA request: a fragment of any length, and how much of it one PDU may hold."""

    pdv: PDV
    room: int


@dataclass(frozen=True, slots=True)
class Abort:
    """A-ABORT (PS3.8 section 9.3.8)."""

    source: int = AbortSource.SERVICE_USER
    reason: int = AbortReason.NOT_SPECIFIED
