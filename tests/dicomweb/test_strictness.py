"""What is tolerated of all clients but strict ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.errors import BadRequest
from pacsd.dicomweb.media_types import media_type_of
from pacsd.dicomweb.strictness import check_media_types, check_parameters


@pytest.mark.parametrize(
    "header",
    [
        "*/*",
        "application/dicom+json",
        "application/dicom+json, application/json;q=0.5",
        'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1',
        'multipart/related;type="application/octet-stream";transfer-syntax=*',
        'multipart/related; type="image/*"; boundary="a;q=b"; q=0.123',
        "text/html;charset=utf-8;",
        "text/html, , text/plain",
        "",
    ],
)
def test_what_is_in_its_grammar(header: str) -> None:
    check_media_types("Accept", [header])


@pytest.mark.parametrize(
    "header",
    [
        "multipart/related; type=application/octet-stream; transfer-syntax=*",
        "application/dicom+json, multipart/related; type=application/octet-stream",
        'multipart/related; type = "application/dicom"',
        "application/dicom json",
        "json",
        'text/html; charset="utf-8',
        "text/html; charset=",
    ],
)
def test_what_is_not(header: str) -> None:
    with pytest.raises(BadRequest, match=r"RFC 9110 section 5\.6\.6"):
        check_media_types("Accept", [header])


@pytest.mark.parametrize("weight", ["2", "0.1234", "-1", "1.1", "high"])
def test_weights(weight: str) -> None:
    with pytest.raises(BadRequest, match=r"RFC 9110 section 12\.4\.2"):
        check_media_types("Accept", [f"text/html;q={weight}"])


def test_bounds() -> None:
    with pytest.raises(BadRequest, match="longer than 8192"):
        check_media_types("Accept", ["a" * 8_193])


def test_parameters() -> None:
    check_parameters("accept=application/dicom%2Bjson&charset=utf-8", {"accept", "charset"})
    check_parameters("", set())
    with pytest.raises(BadRequest, match="_: '123' is no parameter of this resource"):
        check_parameters("_=123", {"accept"})
    with pytest.raises(BadRequest, match="accept: 'application/dicom json' is no media type"):
        check_parameters("accept=application/dicom+json", {"accept"})


@given(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60))
def test_what_passes_is_understood(text: str) -> None:
    try:
        check_media_types("Accept", [f"a/b;{text}"])
    except BadRequest:
        return
    assert "," in text or media_type_of(f"a/b;{text}") is not None
