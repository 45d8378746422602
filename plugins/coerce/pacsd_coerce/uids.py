"""UIDs of objects replaced by those that a key makes of them, wherever they are named.

Which attributes that are, PS3.15 table E.1-1 says by its action U. UIDs that the standard itself
has given, such as those of SOP Classes and Transfer Syntaxes, stay.
"""

from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.keyed import Keyed
from pacsd_coerce.profile import Action, basic_action
from pacsd_coerce.text_steps import name_of
from pacsd_coerce.tree import DataSet, Element, Sequence

_OF_THE_STANDARD = "1.2.840.10008."


def remap(data_set: DataSet, keyed: Keyed) -> None:
    """Replace them, in sequences, too.

    Raises:
        NotCoerced: one of them cannot be read.
    """
    for tag, element in data_set.items():
        if isinstance(element.value, Sequence):
            for item in element.value.items:
                remap(item, keyed)
        elif basic_action(tag) is Action.UID:
            element.value = remapped(tag, element, keyed)


def remapped(tag: Tag, element: Element, keyed: Keyed) -> bytes:
    """The value of a UID element with other UIDs.

    Raises:
        NotCoerced: it is none.
    """
    if not isinstance(element.value, bytes) or element.vr not in {None, VR.UI, VR.UN}:
        raise NotCoerced(f"{name_of(tag)}: is no UID")
    uids = element.value.decode("latin-1").split("\\")
    return "\\".join(_remapped(each.strip("\0 "), keyed) for each in uids).encode("ascii")


def _remapped(uid: str, keyed: Keyed) -> str:
    if not uid or uid.startswith(_OF_THE_STANDARD):
        return uid if uid.isascii() else ""
    return keyed.uid(uid)
