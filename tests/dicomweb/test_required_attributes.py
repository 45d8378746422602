import pytest

from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.level import Level
from pacsd.dicomweb.required_attributes import SEARCHES, required_attributes
from pacsd.dicomweb.targets import Kind

STUDY = {
    (0x00080020,), (0x00080030,), (0x00080050,), (0x00080056,), (0x00080061,), (0x00080090,),
    (0x00080201,), (0x00081190,), (0x00100010,), (0x00100020,), (0x00100030,), (0x00100040,),
    (0x0020000D,), (0x00200010,), (0x00201206,), (0x00201208,),
}  # fmt: skip
SERIES = {
    (0x00080060,), (0x00080201,), (0x0008103E,), (0x00081190,), (0x0020000E,), (0x00200011,),
    (0x00201209,), (0x00400244,), (0x00400245,), (0x00400275, 0x00400009), (0x00400275, 0x00401001),
}  # fmt: skip
INSTANCE = {
    (0x00080016,), (0x00080018,), (0x00080056,), (0x00080201,), (0x00081190,), (0x00200013,),
    (0x00280010,), (0x00280011,), (0x00280100,), (0x00280008,),
}  # fmt: skip


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Kind.ALL_STUDIES, STUDY),
        (Kind.STUDYS_SERIES, SERIES),
        (Kind.ALL_SERIES, STUDY | SERIES),
        (Kind.SERIES_INSTANCES, INSTANCE),
        (Kind.STUDYS_INSTANCES, SERIES | INSTANCE),
        (Kind.ALL_INSTANCES, STUDY | SERIES | INSTANCE),
    ],
)
def test_the_tables_of_the_standard(target: Kind, expected: set[tuple[int, ...]]) -> None:
    told = required_attributes(target)
    assert set(told) == expected
    assert len(told) == len(expected)


def test_a_search_lists_the_level_of_its_target() -> None:
    assert {levels[-1] for levels in SEARCHES.values()} == {*Level} - {Level.PATIENT}


@pytest.mark.parametrize("target", SEARCHES)
def test_no_character_set_in_json(target: Kind) -> None:
    names = {keyword_of(path[-1]) for path in required_attributes(target)}
    assert "SpecificCharacterSet" not in names
    assert "RetrieveURL" in names
