"""What pacsd shall answer to an object, told by pydicom from all that were sent before it."""

import zlib
from array import array
from collections.abc import Sequence
from enum import Enum

from pydicom import dcmread
from pydicom.dataset import Dataset

from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicom.registry import EXPLICIT_VR_BIG_ENDIAN
from tests.interop.objects import Part10


class New(Enum):
    """What an object is beside those that were sent before."""

    INSTANCE = "an instance with a UID of its own"
    VERSION = "another data set under a known UID"
    AGAIN = "such another data set once more"
    NOT = "sent before, or the same values written anew"
    UNREADABLE = "not written as its Transfer Syntax says"
    HOMELESS = "without a Study or Series Instance UID"
    OTHER = "its File Meta Information, and so its sender, names another instance"
    NAMELESS = "what its sender calls it is no UID"
    ELSEWHERE = "its SOP Class is not that of its presentation context"


_TRAILING_PADDING = 0xFFFCFFFC

KEPT = {New.INSTANCE, New.VERSION}
STATUS_OF = {
    New.INSTANCE: 0,
    New.VERSION: 0xC010,
    New.AGAIN: 0xC010,
    New.NOT: 0,
    New.UNREADABLE: 0xC000,
    New.HOMELESS: 0xC000,
    New.OTHER: 0xA900,
    New.NAMELESS: 0x0117,
    New.ELSEWHERE: 0x0122,
}
REFUSED = set(New) - KEPT - {New.AGAIN, New.NOT}


class Versions:
    """The objects sent so far, as pydicom reads them."""

    def __init__(self) -> None:
        self._first: dict[str, Part10] = {}
        self._others: set[tuple[str, bytes]] = set()

    def add(self, sent: Part10) -> New:
        try:
            read = dcmread(sent.path, stop_before_pixels=True)
        except zlib.error:
            return New.UNREADABLE
        if read.get("SOPInstanceUID", "") not in {"", sent.sop_instance_uid}:
            return New.OTHER
        if "StudyInstanceUID" not in read or "SeriesInstanceUID" not in read:
            return New.HOMELESS
        first = self._first.setdefault(sent.sop_instance_uid, sent)
        if first is sent:
            return New.INSTANCE
        if sent.data_set == first.data_set or _has_same_values(first, sent):
            return New.NOT
        other = (sent.sop_instance_uid, sent.data_set)
        is_known = other in self._others
        self._others.add(other)
        return New.AGAIN if is_known else New.VERSION


def names(objects: Sequence[Part10]) -> list[str]:
    return [str(each.path) for each in objects]


def facts(part10: Part10) -> tuple[str, str, str, bytes]:
    """All that has to be kept."""
    return (
        part10.sop_class_uid,
        part10.sop_instance_uid,
        part10.transfer_syntax_uid,
        part10.data_set,
    )


def _has_same_values(first: Part10, second: Part10) -> bool:
    """Whether one is the other written anew, as far as that can be told without a codec."""
    syntaxes = {first.transfer_syntax_uid, second.transfer_syntax_uid}
    if len(syntaxes) > 1 and not syntaxes <= {*REENCODABLE}:
        return False
    return bool(_significant(first) == _significant(second))


def _significant(part10: Part10) -> Dataset:
    """What means something in a data set, and its words in the order of the others.

    pydicom leaves these as they lie.
    """
    ds = dcmread(part10.path)
    for tag in [each.tag for each in ds if each.tag.element == 0 or each.tag == _TRAILING_PADDING]:
        del ds[tag]
    is_big = part10.transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN
    if is_big and "PixelData" in ds and ds["PixelData"].VR == "OW":
        words = array("H", ds.PixelData)
        words.byteswap()
        ds.PixelData = words.tobytes()
    return ds
