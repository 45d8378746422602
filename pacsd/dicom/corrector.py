"""A data set with other values for some of its attributes, as its bytes arrive (PS3.5 section 7).

What stands before Original Attributes Sequence (0400,0561) passes element by element, short of
those that are corrected; everything behind passes as it is, if only nothing of it ought to have
been corrected. So an object of any size takes little memory, and every other byte stays: but for
group lengths of what is changed, which are retired (PS3.5 section 7.2), and Specific Character Set,
where the new text needs it (`widened_charset`).

An attribute that has no value any more stays, empty: what may be absent may be empty as well, and
of type 2 it must be there (PS3.5 section 7.4). One that says already what it should is left alone.
"""

import zlib
from collections.abc import Iterator, Sequence

from pacsd.dicom.errors import ScanError
from pacsd.dicom.headers import Buffer
from pacsd.dicom.inflate import Inflater
from pacsd.dicom.original_attributes import ORIGINAL_ATTRIBUTES_SEQUENCE
from pacsd.dicom.plain_corrector import NewValue, PlainCorrector
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag

# Deflate cannot do better than 1032:1. Nothing that is inflated here is kept.
_ANY_RATIO = 1_100
_ANY_LENGTH = 1 << 62

# Length to End and Specific Character Set.
_CHANGE_ALONG = frozenset({0x00080001, 0x00080005, ORIGINAL_ATTRIBUTES_SEQUENCE})


def may_change(tag: Tag, values: Sequence[NewValue]) -> bool:
    """Whether an element outside sequences may be another one, or gone, once these are corrected.

    Beside themselves so may be Original Attributes Sequence, which tells of them, Specific
    Character Set, and lengths that are retired (PS3.5 section 7.2). All others stay.
    """
    if not values:
        return False
    is_group_length = not tag & 0xFFFF
    return is_group_length or tag in _CHANGE_ALONG or any(each.tag == tag for each in values)


class Corrector:
    """Corrects one data set.

    `tags` of attributes must be those of text before (0400,0561). `system` is told as Modifying
    System, in ASCII. `left` are attributes that could not be corrected: the data set's character
    sets do not hold the new value, and cannot be added to.
    """

    def __init__(
        self, syntax: TransferSyntax, values: Sequence[NewValue], system: str = "pacsd"
    ) -> None:
        self._inflater = Inflater(_ANY_LENGTH, _ANY_RATIO) if syntax.is_deflated else None
        self._deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS) if syntax.is_deflated else None
        self._plain = PlainCorrector(syntax, values, system)
        self._written_bytes = 0
        self._odd = b""

    @property
    def is_over(self) -> bool:
        """Whether whatever still comes passes as it is, at no cost."""
        return self._plain.is_over and self._deflater is None

    @property
    def left(self) -> tuple[Tag, ...]:
        """What was not corrected."""
        return tuple(self._plain.left)

    def feed(self, data: Buffer) -> Iterator[bytes]:
        """Take the next bytes, give what they become, in pieces of even length.

        Raises:
            ScanError: the structure before Pixel Data cannot be read, or what was to be corrected
                stands behind (0400,0561).
            InflateError: the deflated stream is broken.
        """
        for piece in (data,) if self._inflater is None else self._inflater.pieces(data):
            yield from self._even(self._deflated(self._plain.feed(piece)))

    def finish(self) -> Iterator[bytes]:
        """Nothing more comes: what is left.

        Raises:
            ScanError: the data set ends within what stands before (0400,0561).
        """
        if self._inflater is not None and not self._inflater.is_complete:
            raise ScanError("the deflated data set is cut short (PS3.5 section A.5)")
        last = self._deflated(self._plain.finish())
        if self._deflater is not None:
            last += self._deflater.flush()
            last += b"\0" * ((self._written_bytes + len(last)) % 2)
        yield self._odd + last

    def _deflated(self, corrected: bytes) -> bytes:
        return corrected if self._deflater is None else self._deflater.compress(corrected)

    def _even(self, piece: bytes) -> Iterator[bytes]:
        self._written_bytes += len(piece)
        whole = self._odd + piece if self._odd else piece
        even = len(whole) & ~1
        self._odd = whole[even:]
        if even:
            yield whole[:even] if self._odd else whole
