"""Boundaries between the parts of an answer (RFC 2046 section 5.1.1).

They are random: whoever could tell the next one could store an object that ends a part before its
end. Random bytes are taken many at once, since each call to the system lets other threads in.
"""

import os
from collections.abc import Iterator

_BYTES = 16
_AT_ONCE = 256


def _boundaries() -> Iterator[str]:
    while True:
        some = os.urandom(_BYTES * _AT_ONCE)
        for at in range(0, len(some), _BYTES):
            yield some[at : at + _BYTES].hex()


_NEXT = _boundaries()


def boundary() -> str:
    """One that was never used; for the event loop's thread only."""
    return next(_NEXT)
