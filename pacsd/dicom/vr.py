"""Value Representations: how long they may be and how they are written (PS3.5 table 6.2-1)."""

from enum import StrEnum


class VR(StrEnum):
    """The Value Representations of PS3.5 table 6.2-1."""

    AE = "AE"
    AS = "AS"
    AT = "AT"
    CS = "CS"
    DA = "DA"
    DS = "DS"
    DT = "DT"
    FD = "FD"
    FL = "FL"
    IS = "IS"
    LO = "LO"
    LT = "LT"
    OB = "OB"
    OD = "OD"
    OF = "OF"
    OL = "OL"
    OV = "OV"
    OW = "OW"
    PN = "PN"
    SH = "SH"
    SL = "SL"
    SQ = "SQ"
    SS = "SS"
    ST = "ST"
    SV = "SV"
    TM = "TM"
    UC = "UC"
    UI = "UI"
    UL = "UL"
    UN = "UN"
    UR = "UR"
    US = "US"
    UT = "UT"
    UV = "UV"

    # As Enum has it, but not by way of Python: VRs are looked up in tables for every element.
    __hash__ = str.__hash__


_LONG_LENGTH = frozenset({
    VR.OB, VR.OD, VR.OF, VR.OL, VR.OV, VR.OW, VR.SQ, VR.SV, VR.UC, VR.UN, VR.UR, VR.UT, VR.UV,
})  # fmt: skip
_TEXT = frozenset({
    VR.AE, VR.AS, VR.CS, VR.DA, VR.DS, VR.DT, VR.IS, VR.LO, VR.LT, VR.PN, VR.SH, VR.ST, VR.TM,
    VR.UC, VR.UI, VR.UR, VR.UT,
})  # fmt: skip

# PN: each component group (PS3.5 section 6.2.1). Numbers: bytes of one value.
_MAX_LENGTH = {
    "AE": 16, "AS": 4, "AT": 4, "CS": 16, "DA": 8, "DS": 16, "DT": 26, "FD": 8, "FL": 4, "IS": 12,
    "LO": 64, "LT": 10240, "PN": 64, "SH": 16, "SL": 4, "SS": 2, "ST": 1024, "SV": 8, "TM": 14,
    "UI": 64, "UL": 4, "US": 2, "UV": 8,
}  # fmt: skip


def has_long_length(vr: str) -> bool:
    """Whether Explicit VR has two reserved bytes and a 32-bit length (PS3.5 table 7.1-1).

    Letters that are no VR of the standard are taken to have the 16-bit form.
    """
    return vr in _LONG_LENGTH


def is_text(vr: str) -> bool:
    """Whether values are character strings, not numbers, bytes or items."""
    return vr in _TEXT


def padding_byte(vr: str) -> bytes:
    """What makes a value's length even: a space after text, NUL after a UID or bytes."""
    return b" " if vr in _TEXT and vr != VR.UI else b"\0"


def max_length(vr: str) -> int | None:
    """The longest single value, in characters of text or bytes of a number; None: no limit.

    "No limit" is the 2**32 - 2 bytes of the length field. Ranges in queries may be longer
    (PS3.4 section C.2.2.2.5).
    """
    return _MAX_LENGTH.get(vr)
