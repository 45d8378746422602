"""What an association tells its user: the indications and confirmations of PS3.8 section 7."""

from dataclasses import dataclass
from typing import TypeAlias

from pacsd.ul.negotiation import Negotiated
from pacsd.ul.pdu import PDV, AssociateRJ, AssociateRQ


@dataclass(frozen=True, slots=True)
class AssociateRequested:
    """A-ASSOCIATE indication: answer with `accept` or `reject`."""

    request: AssociateRQ


@dataclass(frozen=True, slots=True)
class AssociateRefused:
    """The provider has already rejected a request no user could accept; `why` is for people."""

    request: AssociateRQ
    rejection: AssociateRJ
    why: str


@dataclass(frozen=True, slots=True)
class AssociateAccepted:
    """A-ASSOCIATE confirmation, positive."""

    negotiated: Negotiated


@dataclass(frozen=True, slots=True)
class AssociateRejected:
    """A-ASSOCIATE confirmation, negative."""

    rejection: AssociateRJ


@dataclass(frozen=True, slots=True)
class PDataReceived:
    """P-DATA indication; the data of the PDVs is valid until the next call into the association."""

    pdvs: tuple[PDV, ...]


@dataclass(frozen=True, slots=True)
class ReleaseRequested:
    """A-RELEASE indication: answer with `respond_release`."""


@dataclass(frozen=True, slots=True)
class ReleaseConfirmed:
    """A-RELEASE confirmation."""


@dataclass(frozen=True, slots=True)
class Aborted:
    """A-ABORT indication, from the peer (PS3.8 section 7.3)."""

    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """A-P-ABORT indication: the transport connection closed under a living association."""


Event: TypeAlias = (
    AssociateRequested
    | AssociateRefused
    | AssociateAccepted
    | AssociateRejected
    | PDataReceived
    | ReleaseRequested
    | ReleaseConfirmed
    | Aborted
    | ConnectionLost
)
