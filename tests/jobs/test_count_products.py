import pytest

from pacsd.jobs.count_products import read_product


def test_keywords_and_products() -> None:
    assert read_product("ImagesInAcquisition") == (0x00201002,)
    assert read_product("NumberOfSlices * NumberOfTimeSlices") == (0x00540081, 0x00540101)
    assert read_product("NumberOfSlices*NumberOfTimeSlices") == (0x00540081, 0x00540101)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is no keyword"),
        ("ImagesInAcquisitions", "'ImagesInAcquisitions' is no keyword of PS3.6"),
        ("NumberOfSlices *", "'' is no keyword"),
        ("PatientID", "PatientID: VR LO is no whole number"),
        ("ReferencedImageSequence", "VR SQ is no whole number"),
    ],
)
def test_what_can_be_none(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_product(text)
