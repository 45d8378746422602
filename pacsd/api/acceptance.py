"""Records of the hooks about associations: who asks, how it is refused, how it ended."""

from dataclasses import dataclass

_RESULTS = (1, 2)
_REASONS = {1: (1, 2, 3, 7), 2: (1, 2), 3: (1, 2)}


@dataclass(frozen=True, slots=True)
class AssociationRequest:
    """What an A-ASSOCIATE-RQ says about its requestor (PS3.8 section 9.3.2), names only.

    `user_identity_type` is that of PS3.7 section D.3.3.7, None without one; the identity's own
    fields are secrets, and shown to `pacsd_authenticate` only. `abstract_syntaxes` are the UIDs
    proposed, in order.
    """

    calling_ae: str
    called_ae: str
    peer_host: str
    peer_port: int
    user_identity_type: int | None
    abstract_syntaxes: tuple[str, ...]
    implementation_class_uid: str
    implementation_version_name: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An A-ASSOCIATE-RJ (PS3.8 section 9.3.4); `explanation` is for our log, not for the peer."""

    result: int
    source: int
    reason: int
    explanation: str

    def __post_init__(self) -> None:
        """See that it can be sent.

        Raises:
            ValueError: no A-ASSOCIATE-RJ of the service user has these values (PS3.8 table 9-21).
        """
        if self.result not in _RESULTS or self.reason not in _REASONS.get(self.source, ()):
            said = f"result {self.result}, source {self.source}, reason {self.reason}"
            raise ValueError(f"{said}: not in PS3.8 table 9-21")


@dataclass(frozen=True, slots=True)
class AssociationClosed:
    """An association that has ended; `outcome` is as the recent associations name it.

    `number` is that of the log. `seconds` is how long it was open.
    """

    number: int
    calling_ae: str
    called_ae: str
    peer_host: str
    seconds: float
    outcome: str
