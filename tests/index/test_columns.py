import pytest

from pacsd.dicom.level import Level
from pacsd.index.attributes import ATTRIBUTES
from pacsd.index.columns import TABLES, column_of, joined

OTHER_STUDY_NUMBERS = 0x00201070


def test_every_indexed_attribute_outside_sequences_has_its_column() -> None:
    for level, attributes in ATTRIBUTES.items():
        for each in attributes:
            found = column_of(each.tag, level)
            if each.sequence is None and each.tag != OTHER_STUDY_NUMBERS:
                assert found is not None
                assert (found.level, found.vr) == (level, each.vr)
                assert (found.folded is not None) is (each.folded_column is not None)
            else:
                assert found is None


@pytest.mark.parametrize(
    ("level", "of"),
    [(Level.STUDY, Level.STUDY), (Level.SERIES, Level.SERIES), (Level.INSTANCE, Level.SERIES)],
)
def test_of_an_attribute_at_several_levels_the_nearest_above_counts(
    level: Level, of: Level
) -> None:
    found = column_of(0x00080201, level)
    assert found is not None
    assert found.level is of


def test_an_attribute_of_a_level_below_is_found_there() -> None:
    found = column_of(0x00080060, Level.PATIENT)
    assert found is not None
    assert found.level is Level.SERIES


@pytest.mark.parametrize(("tag", "is_multiple"), [(0x00101000, True), (0x00100010, False)])
def test_several_values_stand_in_one_column(tag: int, is_multiple: bool) -> None:
    found = column_of(tag, Level.PATIENT)
    assert found is not None
    assert found.is_multiple is is_multiple


def test_a_number_of_which_there_may_be_several_is_none_of_the_indexs() -> None:
    assert column_of(OTHER_STUDY_NUMBERS, Level.STUDY) is None


def test_tables_are_joined_from_the_first_level_to_the_last() -> None:
    for first in Level:
        for last in (level for level in Level if level >= first):
            text = str(joined(first, last, with_sop_class=last is Level.INSTANCE))
            named = [level for level in Level if TABLES[level].name in text.split()]
            assert named == [level for level in Level if first <= level <= last]
            assert ("sop_class" in text) is (last is Level.INSTANCE)
