"""The user information sub-items of an A-ASSOCIATE-RQ or -AC (PS3.7 Annex D.3.3), as records."""

from dataclasses import dataclass, field
from enum import IntEnum


class ItemType(IntEnum):
    """The first byte of an item or sub-item (PS3.8 section 9.3, PS3.7 Annex D.3.3)."""

    APPLICATION_CONTEXT = 0x10
    PROPOSED_CONTEXT = 0x20
    CONTEXT_ANSWER = 0x21
    ABSTRACT_SYNTAX = 0x30
    TRANSFER_SYNTAX = 0x40
    USER_INFORMATION = 0x50
    MAXIMUM_LENGTH = 0x51
    IMPLEMENTATION_CLASS_UID = 0x52
    OPERATIONS_WINDOW = 0x53
    ROLE_SELECTION = 0x54
    IMPLEMENTATION_VERSION_NAME = 0x55
    EXTENDED_NEGOTIATION = 0x56
    COMMON_EXTENDED_NEGOTIATION = 0x57
    USER_IDENTITY_RQ = 0x58
    USER_IDENTITY_AC = 0x59


@dataclass(frozen=True, slots=True)
class OperationsWindow:
    """Asynchronous operations window (PS3.7 section D.3.3.3); 0 means no limit.

    Both numbers are seen from the association requestor: what it may invoke, what it performs.
    """

    max_invoked: int
    max_performed: int


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """The requestor's roles for one SOP class (PS3.7 section D.3.3.4)."""

    sop_class_uid: str
    scu_role: bool
    scp_role: bool


@dataclass(frozen=True, slots=True)
class ExtendedNegotiation:
    """SOP class extended negotiation (PS3.7 section D.3.3.5); the service class gives the bytes."""

    sop_class_uid: str
    application_information: bytes


@dataclass(frozen=True, slots=True)
class CommonExtendedNegotiation:
    """SOP class common extended negotiation (PS3.7 section D.3.3.6); only in a request."""

    sop_class_uid: str
    service_class_uid: str
    related_general_sop_class_uids: tuple[str, ...] = ()
    version: int = 0


class UserIdentityType(IntEnum):
    """What a user identity is made of (PS3.7 table D.3-14)."""

    USERNAME = 1
    USERNAME_AND_PASSCODE = 2
    KERBEROS_SERVICE_TICKET = 3
    SAML_ASSERTION = 4
    JSON_WEB_TOKEN = 5


@dataclass(frozen=True, slots=True)
class UserIdentityRQ:
    """User identity as proposed (PS3.7 section D.3.3.7); secrets, so not in the repr."""

    identity_type: int
    is_response_requested: bool
    primary_field: bytes = field(repr=False)
    secondary_field: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class UserInformation:
    """The user information item (PS3.8 section 9.3.2.3); absent sub-items are None or empty.

    `max_length` is the longest P-DATA-TF variable field its sender will receive, in bytes; 0 means
    no limit (PS3.8 Annex D.1).
    """

    max_length: int | None = None
    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    operations_window: OperationsWindow | None = None
    role_selections: tuple[RoleSelection, ...] = ()
    extended_negotiations: tuple[ExtendedNegotiation, ...] = ()
    common_extended_negotiations: tuple[CommonExtendedNegotiation, ...] = ()
    user_identity: UserIdentityRQ | None = None
    user_identity_response: bytes | None = field(default=None, repr=False)
