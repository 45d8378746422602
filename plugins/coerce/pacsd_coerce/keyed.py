"""What a secret key makes of identifiers: always the same of the same, and nobody else's.

HMAC-SHA-256 (RFC 2104). Each kind of thing has a word of its own before it, so that nothing made
for one purpose tells of another.
"""

import base64
import hashlib
import hmac
import uuid
from datetime import timedelta

MIN_SECRET_BYTES = 16
PSEUDONYM_CHARACTERS = 16
"""Of base 32: 80 bits."""

_MOST_DAYS = 3_650


class Keyed:
    """Makes UIDs, pseudonyms and shifts of dates of what there was."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def uid(self, uid: str) -> str:
        """The UID in its place, by the root for UUIDs (PS3.5 section B.2)."""
        digest = self._digest("uid", uid)
        return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"

    def pseudonym(self, issuer: str, patient_id: str) -> str:
        """The name that stands for a patient."""
        digest = self._digest("patient", issuer, patient_id)
        return base64.b32encode(digest).decode()[:PSEUDONYM_CHARACTERS]

    def shift(self, issuer: str, patient_id: str) -> timedelta:
        """By how many days all dates of a patient are earlier: 1 to 3,650."""
        digest = self._digest("dates", issuer, patient_id)
        return timedelta(days=1 + int.from_bytes(digest[:8], "big") % _MOST_DAYS)

    def _digest(self, *parts: str) -> bytes:
        # Lengths before the parts: no two lists of them are the same text.
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.new(self._secret, text.encode(errors="surrogatepass"), hashlib.sha256).digest()
