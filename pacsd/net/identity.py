"""Who opens an association, by its user identity (PS3.7 section D.3.3.7).

Asked only where a plugin says who somebody is: without one an identity is read, and means nothing.
"""

from base64 import b64encode
from collections.abc import Mapping

from pacsd.api.access import Door, Login
from pacsd.ul.items import UserIdentityRQ, UserIdentityType
from pacsd.ul.rejection import UserReason, rejected_by_user

NOT_RECOGNIZED = rejected_by_user(UserReason.NO_REASON_GIVEN)

POSITIVE_RESPONSE = b""
"""What a requestor is told who wants to know that it was recognized: that alone."""

_SCHEMES: Mapping[int, str] = {
    UserIdentityType.USERNAME: "username",
    UserIdentityType.USERNAME_AND_PASSCODE: "basic",
    UserIdentityType.KERBEROS_SERVICE_TICKET: "kerberos",
    UserIdentityType.SAML_ASSERTION: "saml",
    UserIdentityType.JSON_WEB_TOKEN: "bearer",
}


def login_of(identity: UserIdentityRQ, peer_host: str) -> Login | None:
    """What a user identity shows; None where nobody could read it, or it shows nothing.

    A Kerberos ticket is bytes, and shown in base64. A username with a colon has no passcode: as in
    RFC 7617 nobody could tell where it ends.
    """
    scheme = _SCHEMES.get(identity.identity_type)
    secret = _secret(identity)
    return Login(Door.DIMSE, peer_host, scheme, secret) if scheme and secret else None


def _secret(identity: UserIdentityRQ) -> str | None:
    if identity.identity_type == UserIdentityType.KERBEROS_SERVICE_TICKET:
        return b64encode(identity.primary_field).decode("ascii")
    shown = _text(identity.primary_field)
    if identity.identity_type != UserIdentityType.USERNAME_AND_PASSCODE:
        return shown
    passcode = _text(identity.secondary_field)
    is_readable = shown and ":" not in shown and passcode is not None
    return f"{shown}:{passcode}" if is_readable else None


def _text(field: bytes) -> str | None:
    """A field in UTF-8 (PS3.7 table D.3-14)."""
    try:
        return field.decode("utf-8")
    except UnicodeDecodeError:
        return None
