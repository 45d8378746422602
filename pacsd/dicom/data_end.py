"""Whether a data set ends within the element that its header ends before, as a rule Pixel Data.

Nothing is walked over: a length that is defined is compared with what came, and where it is not,
the last bytes tell.
"""

from pacsd.dicom.header_stream import AHEAD_BYTES, PassedValue
from pacsd.dicom.headers import (
    HEADER_BYTES,
    SEQUENCE_DELIMITATION,
    UNDEFINED_LENGTH,
    Buffer,
    Layout,
    read_header,
)
from pacsd.dicom.registry import TransferSyntax

TAIL_BYTES = AHEAD_BYTES
"""Of the end of a data set: there the delimiter of an encapsulated value is looked for."""

PADDING_BYTES = 1
"""So much may be missing: a value of odd length that was padded in its header only."""

_TABLES_BEFORE_PIXEL_DATA = range(0x7FE00001, 0x7FE00004)
"""Extended Offset Table, its lengths, and the total length: encapsulated Pixel Data follows."""


class DataEnd:
    """`feed` it what comes once the header is known, while `wants_bytes`; then ask if it `is_cut`.

    `element` and `ahead` are what a HeaderStream says of it: `stopped_at` and `ahead`.
    """

    __slots__ = ("_delimiter", "_element", "_layout", "_tail", "wants_bytes")

    def __init__(
        self, element: PassedValue, ahead: bytes, layout: Layout, syntax: TransferSyntax
    ) -> None:
        self._element = element
        self._layout = layout
        group, number = divmod(SEQUENCE_DELIMITATION, 0x10000)
        self._delimiter = layout.implicit.pack(group, number, 0)[:4]
        self._tail = ahead
        is_table = syntax.is_encapsulated and element.tag in _TABLES_BEFORE_PIXEL_DATA
        self.wants_bytes = is_table or element.length == UNDEFINED_LENGTH

    def feed(self, data: Buffer) -> None:
        """Take more of the data set; the buffer is free again afterwards."""
        if not self.wants_bytes:
            return
        last = bytes(data[-TAIL_BYTES:])
        self._tail = last if len(last) == TAIL_BYTES else (self._tail + last)[-TAIL_BYTES:]

    def is_cut(self, data_set_bytes: int) -> bool:
        """Whether a data set of so many bytes ends too early.

        One byte too few of a defined length is no cut: it is the padding of PS3.5 section 7.1.1,
        which devices count and do not send. A connection or a disk hardly ever cuts so little off.
        """
        came = data_set_bytes - self._element.offset
        if self._element.length != UNDEFINED_LENGTH:
            missing = self._element.length - came
            if missing > 0:
                return missing > PADDING_BYTES
        return self.wants_bytes and not self._is_closed()

    def _is_closed(self) -> bool:
        """Whether a Sequence Delimitation Item ends the data set, or whole elements behind one.

        An encapsulated value has one at its end (PS3.5 section A.4).
        """
        tail = self._tail
        offset = tail.rfind(self._delimiter)
        if offset < 0 or offset + HEADER_BYTES > len(tail):
            return False
        offset += HEADER_BYTES
        # Bytes too few for a header are padding of the whole file, which nothing was cut off.
        while (header := read_header(tail, offset, self._layout, len(tail))) is not None:
            offset = header.start + header.length
        return offset <= len(tail)
