"""Records of the acceptance hook: who asks for an association, and how it is refused."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AssociationRequest:
    """What an A-ASSOCIATE-RQ says about its requestor (PS3.8 section 9.3.2), names only.

    `user_identity_type` is that of PS3.7 section D.3.3.7, None without one; the identity's own
    fields are secrets and are not here. `abstract_syntaxes` are the UIDs proposed, in order.
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
