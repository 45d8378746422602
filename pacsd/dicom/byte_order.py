"""Values in the other byte order (PS3.5 section 7.3; Big Endian: PS3.5 2016b, annex A.3)."""

from array import array

from pacsd.dicom.headers import Buffer
from pacsd.dicom.vr import VR

# OW is a string of 16-bit words whatever Bits Allocated is: a 32-bit pixel's low word comes first
# in either byte order (PS3.5 section 8.2).
_UNIT_BYTES: dict[str, int] = {
    VR.AT: 2, VR.OW: 2, VR.SS: 2, VR.US: 2,
    VR.FL: 4, VR.OF: 4, VR.OL: 4, VR.SL: 4, VR.UL: 4,
    VR.FD: 8, VR.OD: 8, VR.OV: 8, VR.SV: 8, VR.UV: 8,
}  # fmt: skip
_TYPE_CODES = {2: "H", 4: "I", 8: "Q"}


def unit_bytes(vr: str | None) -> int:
    """How many bytes change places together; 1 where byte order means nothing."""
    return 1 if vr is None else _UNIT_BYTES.get(vr, 1)


def swap(data: Buffer, unit: int) -> bytes:
    """Every unit turned round; bytes behind the last whole one stay as they are."""
    if unit == 1:
        return bytes(data)
    whole = len(data) - len(data) % unit
    units = array(_TYPE_CODES[unit], bytes(data[:whole]))
    units.byteswap()
    return units.tobytes() + bytes(data[whole:])


class Swapper:
    """Turns round the units of one value that comes in parts of any length."""

    __slots__ = ("_rest", "_unit")

    def __init__(self, unit: int) -> None:
        self._unit = unit
        self._rest = b""

    def feed(self, data: Buffer) -> Buffer:
        """As much as is whole; the same buffer where there is nothing to turn round."""
        if self._unit == 1:
            return data
        if self._rest:
            data = self._rest + bytes(data)
        whole = len(data) - len(data) % self._unit
        self._rest = bytes(data[whole:])
        return swap(data[:whole], self._unit)

    def finish(self) -> bytes:
        """What is left of a last unit that is none."""
        return self._rest
