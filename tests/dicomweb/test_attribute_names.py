from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.dictionary import keyword_of, keywords
from pacsd.dicom.query_keys import Path
from pacsd.dicomweb.attribute_names import is_sequence, path_named
from pacsd.dicomweb.errors import BadRequest, DicomWebError


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("PatientName", (0x00100010,)),
        ("00100010", (0x00100010,)),
        ("0020000d", (0x0020000D,)),
        ("00091010", (0x00091010,)),
        ("ProcedureCodeSequence.CodeValue", (0x00081032, 0x00080100)),
        ("00081032.00080100", (0x00081032, 0x00080100)),
        ("00081032.CodeValue", (0x00081032, 0x00080100)),
        ("00091001.00091010", (0x00091001, 0x00091010)),
    ],
)
def test_tags_keywords_and_both(text: str, path: Path) -> None:
    assert path_named(text) == path


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("PatientNam", "did you mean PatientName?"),
        ("patientname", "did you mean PatientName?"),
        ("StudyInstanceUid", "did you mean StudyInstanceUID?"),
        ("Limit", "'Limit' is no keyword and no tag"),
        ("", "is no keyword"),
        ("PatientName.", "is no keyword"),
        ("0010001", "is no keyword"),
        ("(0010,0010)", "is no keyword"),
        ("0010001G", "is no keyword"),
        ("PatientName.CodeValue", "is in one that is no sequence"),
        (".".join(["00081032"] * 65), "is more than 64 deep"),
        ("P" * 60_000, "is no keyword and no tag "),
    ],
)
def test_what_names_none(text: str, hint: str) -> None:
    with pytest.raises(BadRequest) as refused:
        path_named(text)
    assert hint in str(refused.value)


def test_sequences() -> None:
    assert is_sequence(0x00081032)
    assert not is_sequence(0x00100010)
    assert not is_sequence(0x00091010)


@given(st.sampled_from(sorted(keywords())))
def test_a_keyword_is_its_tag(keyword: str) -> None:
    (tag,) = path_named(keyword)
    assert keyword_of(tag) == keyword
    assert path_named(f"{tag:08X}") == (tag,)


@given(st.text())
def test_any_text_is_an_attribute_or_refused(text: str) -> None:
    with suppress(DicomWebError):
        path_named(text)
