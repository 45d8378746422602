from pacsd.dicom.query import BetweenMoments, Moment, Values, tags_of
from pacsd.dicom.vr import VR


def test_a_condition_names_what_it_looks_at() -> None:
    assert tags_of(Values(0x0020000D, VR.UI, ("1.2",))) == (0x0020000D,)
    both = BetweenMoments(0x00080020, 0x00080030, Moment("20260101", ""), None)
    assert tags_of(both) == (0x00080020, 0x00080030)
