import pytest
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.keyed import Keyed
from pacsd_coerce.tree import Element
from pacsd_coerce.uids import remap

from pacsd.dicom.vr import VR
from tests.coerced_trees import items, raw, tag, tree

KEY = Keyed(b"0123456789abcdef")


def test_what_names_an_object_names_the_same_one_afterwards() -> None:
    reference = tree(ReferencedSOPInstanceUID="1.2.3", ReferencedSOPClassUID="1.2.840.10008.1.1")
    data_set = tree(
        SOPInstanceUID=b"1.2.3\0", SOPClassUID="1.2.840.10008.1.1", Modality="CT",
        ReferencedImageSequence=[reference],
    )  # fmt: skip
    remap(data_set, KEY)
    assert raw(data_set, "SOPInstanceUID") == KEY.uid("1.2.3").encode()
    [made] = items(data_set, "ReferencedImageSequence")
    assert raw(made, "ReferencedSOPInstanceUID") == raw(data_set, "SOPInstanceUID")
    assert (
        raw(made, "ReferencedSOPClassUID") == raw(data_set, "SOPClassUID") == b"1.2.840.10008.1.1"
    )


def test_several_none_and_such_of_the_standard() -> None:
    data_set = tree(IrradiationEventUID="1.2\\1.2.840.10008.1.4.1.1\\", FrameOfReferenceUID="")
    remap(data_set, KEY)
    made = f"{KEY.uid('1.2')}\\1.2.840.10008.1.4.1.1\\"
    assert raw(data_set, "IrradiationEventUID") == made.encode()
    assert raw(data_set, "FrameOfReferenceUID") == b""


def test_what_is_no_uid_is_refused() -> None:
    with pytest.raises(NotCoerced, match="SOPInstanceUID: is no UID"):
        remap({tag("SOPInstanceUID"): Element(VR.OB, b"1.2")}, KEY)
