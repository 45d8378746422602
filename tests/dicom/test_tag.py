import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.tag import Tag as PydicomTag

from pacsd.dicom.errors import TagError
from pacsd.dicom.tag import element, format_tag, group, is_private, parse_tag

TAGS = st.integers(min_value=0, max_value=0xFFFFFFFF)


@given(TAGS)
def test_round_trip_in_all_three_writings(tag: int) -> None:
    written = format_tag(tag)
    assert parse_tag(written) == tag
    assert parse_tag(written.strip("()")) == tag
    assert parse_tag(f"{tag:08x}") == tag


@given(TAGS)
def test_parts_are_pydicoms(tag: int) -> None:
    oracle = PydicomTag(tag)
    assert group(tag) == oracle.group
    assert element(tag) == oracle.element
    assert format_tag(tag) == str(oracle).upper()


def test_format() -> None:
    assert format_tag(0x00080018) == "(0008,0018)"
    assert format_tag(0x7FE00010) == "(7FE0,0010)"


@pytest.mark.parametrize(
    ("tag", "private"),
    [
        (0x00090010, True),
        (0x00290010, True),
        (0xFFFD0010, True),
        (0x00080018, False),
        (0x00010001, False),
        (0x00070001, False),
        (0xFFFF0000, False),
    ],
)
def test_is_private(tag: int, private: bool) -> None:
    assert is_private(tag) is private


@pytest.mark.parametrize(
    "text",
    ["", "0008", "(0008,0018", "0008,0018)", "0008;0018", "0008,00180", "000800 18", "0008,001G",
     "PatientID", "(0008,0018)\n", "\u0660\u0660\u0660\u06680018"],
)  # fmt: skip
def test_refusal_names_value_and_rule(text: str) -> None:
    with pytest.raises(TagError, match=r"^tag '.*' is not .*PS3\.5 section 7\.1\.1\)$"):
        parse_tag(text)
