import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.dictionary import data_element
from pacsd.dicom.level import Level
from pacsd.dicom.moments import normal_date, normal_time
from pacsd.index.attributes import (
    ATTRIBUTES,
    TAGS,
    Attribute,
    attributes_of,
    column_values,
    columns,
    snake_case,
)

EVERY = [each for attributes in ATTRIBUTES.values() for each in attributes]


@pytest.mark.parametrize("attribute", EVERY, ids=lambda each: each.keyword)
def test_the_table_says_what_the_dictionary_says(attribute: Attribute) -> None:
    row = data_element(attribute.tag)
    assert row is not None
    assert row.keyword == attribute.keyword
    assert attribute.vr in row.vrs


def test_a_level_has_a_column_once() -> None:
    for level in Level:
        assert len(set(columns(level))) == len(columns(level))


def test_a_tag_is_within_one_sequence_only() -> None:
    """Otherwise its value among the attributes of an instance would not say which it is."""
    assert len({(each.tag, each.sequence) for each in EVERY}) == len(TAGS)


@pytest.mark.parametrize(
    ("keyword", "column"),
    [
        ("StudyInstanceUID", "study_instance_uid"),
        ("OtherPatientIDs", "other_patient_ids"),
        ("SOPClassUID", "sop_class_uid"),
        ("TimezoneOffsetFromUTC", "timezone_offset_from_utc"),
    ],
)
def test_columns_are_keywords_in_snake_case(keyword: str, column: str) -> None:
    assert snake_case(keyword) == column


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("20240229", "20240229"),
        ("2024.02.29", "20240229"),
        ("2023.02.29", "2023.02.29"),
        ("yesterday", "yesterday"),
    ],
)
def test_dates_are_normal_where_legal(written: str, normal: str) -> None:
    assert normal_date(written) == normal


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("10", "100000"),
        ("1015", "101500"),
        ("10:15:30", "101530"),
        ("101530.5", "101530.5"),
        ("101530.500000", "101530.5"),
        ("101530.000", "101530"),
        ("235960", "235960"),
        ("256060", "256060"),
        ("noon", "noon"),
    ],
)
def test_times_are_normal_where_legal(written: str, normal: str) -> None:
    assert normal_time(written) == normal


TIMES = st.times().map(lambda each: each.strftime("%H%M%S.%f"))


@given(TIMES, TIMES)
def test_normal_times_compare_as_text(earlier: str, later: str) -> None:
    assert (normal_time(earlier) < normal_time(later)) == (earlier < later)


def test_values_stand_in_the_order_of_columns() -> None:
    brought = {0x00100010: "Doë^Jane^", 0x00100030: "1960.01.02"}
    values = dict(zip(columns(Level.PATIENT), column_values(Level.PATIENT, brought), strict=True))
    assert values["patient_name"] == "Doë^Jane^"
    assert values["patient_name_folded"] == "doe^jane"
    assert values["patient_birth_date"] == "19600102"
    assert values["patient_sex"] is None


def test_numbers_are_numbers_or_nothing() -> None:
    brought = {0x00200013: " +7 ", 0x00280010: "512", 0x00200012: "x", 0x00280008: ""}
    values = dict(zip(columns(Level.INSTANCE), column_values(Level.INSTANCE, brought), strict=True))
    assert values["instance_number"] == 7
    assert values["rows"] == 512
    assert values["acquisition_number"] is None
    assert values["number_of_frames"] is None


@given(st.sampled_from(Level), st.dictionaries(st.sampled_from(sorted(TAGS)), st.text(max_size=30)))
def test_any_text_becomes_a_value(level: Level, brought: dict[int, str]) -> None:
    for value in column_values(level, brought):
        assert value is None or isinstance(value, str | int)
        if isinstance(value, int):
            assert -(1 << 63) <= value < 1 << 63


def test_attributes_come_back_from_their_columns() -> None:
    brought = {0x00080020: "20240102", 0x00080050: "A1", 0x00201070: "12"}
    values = dict(zip(columns(Level.STUDY), column_values(Level.STUDY, brought), strict=True))
    assert attributes_of(Level.STUDY, values) == brought
