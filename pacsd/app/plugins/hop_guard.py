"""No coercion makes a copy of what it has copied before: loops between archives end.

Plain objects need no guard: what comes back is known here, is not stored again, and so not routed
again. A copy under another SOP Instance UID is another object wherever it comes, with each round
another one. So each carries a mark (`dicom.hop_marks`), whatever way it takes and whoever passes it
on, which the coercion that made it knows again.
"""

import hashlib
import hmac
import uuid
from collections.abc import Callable, Sequence

from pacsd.api.coercion import NotCoerced

MAX_HOPS = 16
"""Marks that an object may have before another copy is made, whoever made them."""


class HopGuard:
    """Knows the marks that the coercions of this archive leave; `key` is its secret, and blocks."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._make_key = key
        self._key: bytes | None = None

    def mark(self, coercion: str) -> str:
        """The mark that a coercion leaves here: always the same UID, and nobody else's. Blocks.

        Who sees it learns nothing but which objects have been through the same coercion.

        Raises:
            OSError: the key cannot be had.
        """
        if self._key is None:
            self._key = self._make_key()
        digest = hmac.new(self._key, f"coercion:{coercion}".encode(), hashlib.sha256).digest()
        return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"

    def check(self, coercion: str, marks: Sequence[str]) -> None:
        """See that an object with these marks may be copied by a coercion. Blocks.

        Raises:
            NotCoerced: it may not; the text says why.
            OSError: the key cannot be had.
        """
        if self.mark(coercion) in marks:
            raise NotCoerced(f"it was coerced by {coercion} here before: a loop")
        if len(marks) >= MAX_HOPS:
            why = f"it is a copy of copies, {len(marks)} times, and {MAX_HOPS} are the most"
            raise NotCoerced(f"{why}: a loop")
