"""How much one Identifier may ask: what is above is refused before it costs anything.

Two thousand keys are more than any table of PS3.4 annex C has; a key that is not a list of UIDs
has a value of a line or two. So what is read of an Identifier takes milliseconds, whoever sent it,
and a statement made of it stays within what databases take.
"""

from collections.abc import Callable, Iterator

from pacsd.dicom.data_set import DataSet
from pacsd.dicom.errors import IdentifierError
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR

MAX_IDENTIFIER_BYTES = 5 * 256 * 1024
"""Room for `MAX_VALUES` UIDs of 64 characters, and 240 KiB for all else."""
MAX_KEYS = 2_000
"""Elements and items, those within sequences included."""
MAX_KEY_BYTES = 1024
"""The longest value of a key that is no list of UIDs."""
MAX_VALUES = 16_384
"""The values of all keys together, as in one list of UIDs."""
MAX_PATTERNS = 512
"""Those of keys other than UIDs that have several; SQLite takes 1,000 terms of an expression."""

KeyVR = Callable[[DataSet, Tag], VR]


def check_bounds(identifier: DataSet, vr_of_key: KeyVR) -> None:
    """See that an Identifier asks for no more than it may.

    Raises:
        IdentifierError: it does; names the attribute and the bound.
    """
    total = patterns = 0
    for tag, vr, raw in _keys(identifier, vr_of_key):
        if vr != VR.UI and len(raw) > MAX_KEY_BYTES:
            raise IdentifierError(tag, f"{len(raw)} bytes, {MAX_KEY_BYTES} are the most in a key")
        count = raw.count(b"\\") + 1 if raw else 0
        total += count
        if total > MAX_VALUES:
            raise IdentifierError(tag, f"more than {MAX_VALUES} values with those before it")
        patterns += count if vr != VR.UI and count > 1 else 0
        if patterns > MAX_PATTERNS:
            text = f"more than {MAX_PATTERNS} values that are no UIDs, with those before it"
            raise IdentifierError(tag, text)


def _keys(keys: DataSet, vr_of_key: KeyVR) -> Iterator[tuple[Tag, VR, bytes]]:
    for tag in keys:
        if keys.is_empty(tag):
            continue
        items = keys.items(tag)
        if not items:
            yield tag, vr_of_key(keys, tag), keys.raw(tag)
        for item in items:
            yield from _keys(item, vr_of_key)
