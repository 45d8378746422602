from contextlib import suppress
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.errors import BadRequest, DicomWebError
from pacsd.dicomweb.query_string import MAX_PARAMETERS, MAX_QUERY_LENGTH, parameters_of


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ()),
        ("a=1&b=2&a=3", (("a", "1"), ("b", "2"), ("a", "3"))),
        ("a", (("a", ""),)),
        ("a=&&b=x", (("a", ""), ("b", "x"))),
        ("PatientName=Jones+Mary", (("PatientName", "Jones Mary"),)),
        ("PatientName=Jones%2BMary%26Co", (("PatientName", "Jones+Mary&Co"),)),
        ("PatientName=%E5%B1%B1%E7%94%B0%3D*", (("PatientName", "山田=*"),)),
        ("a=1=2", (("a", "1=2"),)),
    ],
)
def test_parameters(query: str, expected: tuple[tuple[str, str], ...]) -> None:
    assert parameters_of(query) == expected


@pytest.mark.parametrize(
    "query",
    ["a=%", "a=%4", "a=%zz", "a=%u00e4", "a=%FF", "a=%C0%80", "a=%ED%A0%80", "a=%00", "a=%0D%0AX:",
     "%1b=1", "a=ä", "a= ", "a=\0", "a=%C2%85"],
)  # fmt: skip
def test_what_is_not_percent_encoded_utf8(query: str) -> None:
    with pytest.raises(BadRequest, match=r"^query: "):
        parameters_of(query)


def test_w16_so_many_parameters() -> None:
    assert len(parameters_of("&".join(["a=1"] * MAX_PARAMETERS))) == MAX_PARAMETERS
    with pytest.raises(BadRequest, match="more than 256 parameters"):
        parameters_of("&".join(["a=1"] * 500))
    with pytest.raises(BadRequest, match="more than 256 parameters"):
        parameters_of("&" * 10_000)


def test_w16_so_long_a_query() -> None:
    assert parameters_of("a=" + "b" * (MAX_QUERY_LENGTH - 2))
    with pytest.raises(BadRequest, match="longer than 65536"):
        parameters_of("a=" + "b" * MAX_QUERY_LENGTH)


WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]))


@given(st.lists(st.tuples(WORDS.filter(bool), WORDS), max_size=5), st.booleans())
def test_round_trip(pairs: list[tuple[str, str]], has_plus: bool) -> None:
    form = urlencode(pairs) if has_plus else urlencode(pairs, quote_via=quote)
    assert parameters_of(form) == tuple(pairs)


@given(st.text())
def test_any_text_is_parameters_or_refused(text: str) -> None:
    with suppress(DicomWebError):
        parameters_of(text)
