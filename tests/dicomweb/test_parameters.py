from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.errors import BadRequest, DicomWebError
from pacsd.dicomweb.parameters import (
    MAX_INCLUDES,
    MAX_LIMIT,
    MAX_OFFSET,
    MAX_VALUE_LENGTH,
    SearchParameters,
    search_parameters,
)

PATIENT_NAME = 0x00100010
STUDY_DATE = 0x00080020
STUDY_UID = 0x0020000D
PROCEDURE_CODE = 0x00081032
CODE_VALUE = 0x00080100


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", SearchParameters()),
        ("PatientName=SMITH*", SearchParameters((((PATIENT_NAME,), "SMITH*"),))),
        ("00100010=", SearchParameters((((PATIENT_NAME,), ""),))),
        ("StudyDate=20260101-", SearchParameters((((STUDY_DATE,), "20260101-"),))),
        # Only UIDs come in lists: the comma of a name is one.
        ("PatientName=Smith,J", SearchParameters((((PATIENT_NAME,), "Smith,J"),))),
        ("StudyInstanceUID=1.2,1.3", SearchParameters((((STUDY_UID,), "1.2\\1.3"),))),
        ("0020000D=1.2%2C%201.3,,", SearchParameters((((STUDY_UID,), "1.2\\1.3"),))),
        ("StudyInstanceUID=1.2%5C1.3", SearchParameters((((STUDY_UID,), "1.2\\1.3"),))),
        (
            "ProcedureCodeSequence.CodeValue=X&00081032=",
            SearchParameters((((PROCEDURE_CODE, CODE_VALUE), "X"), ((PROCEDURE_CODE,), ""))),
        ),
        (
            "includefield=00100010,StudyDate&includefield=PatientName",
            SearchParameters(includes=((PATIENT_NAME,), (STUDY_DATE,))),
        ),
        ("includefield=all", SearchParameters(includes_all=True)),
        (
            "includefield=all&includefield=PatientName",
            SearchParameters(includes=((PATIENT_NAME,),), includes_all=True),
        ),
        ("limit=10&offset=20", SearchParameters(limit=10, offset=20)),
        ("limit=0", SearchParameters(limit=0)),
        ("fuzzymatching=true", SearchParameters(is_fuzzy=True)),
        ("fuzzymatching=false", SearchParameters()),
        ("emptyvaluematching=true", SearchParameters(matches_empty_values=True)),
        ("multiplevaluematching=true", SearchParameters(matches_multiple_values=True)),
        (
            "accept=application/dicom%2Bjson&accept=text/html",
            SearchParameters(accept=("application/dicom+json", "text/html")),
        ),
        ("charset=utf-8", SearchParameters()),
    ],
)
def test_parameters(query: str, expected: SearchParameters) -> None:
    assert search_parameters(query) == expected


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("PatientNam=x", "did you mean PatientName?"),
        ("limt=3", "attribute: 'limt' is no keyword"),
        ("page=3", "attribute: 'page'"),
        ("includefield=PatientNam", "did you mean PatientName?"),
        ("PatientName=a&PatientName=b", "PatientName: 'b' is a second value"),
        ("PatientName=a&00100010=a", "00100010: 'a' is a second value"),
        ("limit=1&limit=1", "limit: '1' is a second value"),
        ("ProcedureCodeSequence=X", "is the value of a sequence"),
        ("StudyInstanceUID=,", "is a list without a UID"),
        ("fuzzymatching=yes", "fuzzymatching: 'yes' is neither true nor false"),
        ("fuzzymatching=", "is neither true nor false"),
    ],
)
def test_refusals(query: str, text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        search_parameters(query)
    assert text in str(refused.value)


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize(
    "value",
    ["-1", "abc", "1e9", "", "1.0", "%2B1", "0x10", "1_000", "%D9%A1", "9" * 21, "9" * 5000],
)
def test_w16_what_is_no_whole_number(name: str, value: str) -> None:
    with pytest.raises(BadRequest, match=f"^{name}: "):
        search_parameters(f"{name}={value}")


def test_w16_limits_are_clamped_and_offsets_refused() -> None:
    assert search_parameters("limit=1000000000").limit == MAX_LIMIT
    assert search_parameters(f"offset={MAX_OFFSET}").offset == MAX_OFFSET
    with pytest.raises(BadRequest, match=r"^offset: "):
        search_parameters("offset=1000000000000000000")


def test_w16_values_and_includes_have_bounds() -> None:
    search_parameters("PatientName=" + "*" * MAX_VALUE_LENGTH)
    with pytest.raises(BadRequest, match="longer than 1024"):
        search_parameters("PatientName=" + "*" * (MAX_VALUE_LENGTH + 1))
    with pytest.raises(BadRequest, match=r"^fuzzymatching: "):
        search_parameters("fuzzymatching=" + "t" * 60_000)
    search_parameters("includefield=" + ",".join(["00100010"] * MAX_INCLUDES))
    with pytest.raises(BadRequest, match="one of more than 1000"):
        search_parameters("includefield=" + ",".join(["00100010"] * (MAX_INCLUDES + 1)))


NAMES = st.sampled_from(
    ["limit", "offset", "includefield", "accept", "PatientName", "StudyInstanceUID", "00081032"]
)


@given(st.one_of(st.text(), st.lists(st.tuples(NAMES, st.text("1,%=&.a*"))).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)))  # fmt: skip
def test_any_text_is_a_search_or_refused(text: str) -> None:
    with suppress(DicomWebError):
        search_parameters(text)
