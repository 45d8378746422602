import pytest

from pacsd.dicom.level import Level
from pacsd.index.deletion_records import UniqueKeys


@pytest.mark.parametrize(
    ("keys", "level", "uid"),
    [
        (UniqueKeys("1"), Level.STUDY, "1"),
        (UniqueKeys("1", "1.2"), Level.SERIES, "1.2"),
        (UniqueKeys("1", "1.2", "1.2.3"), Level.INSTANCE, "1.2.3"),
        (UniqueKeys("1", sop_instance_uid="1.2.3"), Level.INSTANCE, "1.2.3"),
    ],
)
def test_the_lowest_uid_says_what_is_meant(keys: UniqueKeys, level: Level, uid: str) -> None:
    assert (keys.level, keys.uid) == (level, uid)
