import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.valuerep import PersonName as Oracle

from pacsd.dicom.person_name import (
    COMPONENTS,
    PersonName,
    components,
    join_components,
    parse_person_name,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Adams^John Robert Quincy^^Rev.^B.A. M.Div.", None),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", ("Yamada^Tarou", "山田^太郎", "やまだ^たろう")),
        ("=山田^太郎", ("", "山田^太郎", "")),
        ("Wang^XiaoDong==", ("Wang^XiaoDong", "", "")),
        ("Doe^Jane^^^ ", ("Doe^Jane", "", "")),
        ("", ("", "", "")),
        ("a=b=c=d", ("a", "b", "c=d")),
    ],
)
def test_component_groups(value: str, expected: tuple[str, str, str] | None) -> None:
    assert parse_person_name(value) == PersonName(*(expected or (value,)))


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (
            "Adams^John Robert Quincy^^Rev.^B.A.",
            ("Adams", "John Robert Quincy", "", "Rev.", "B.A."),
        ),
        ("Adams", ("Adams", "", "", "", "")),
        (" Adams ^ John", ("Adams", "John", "", "", "")),
        ("a^b^c^d^e^f", ("a", "b", "c", "d", "e^f")),
    ],
)
def test_components(group: str, expected: tuple[str, ...]) -> None:
    assert components(group) == expected


@given(st.lists(st.text("ab山 ^", max_size=8), min_size=1, max_size=3).map("=".join))
def test_groups_are_pydicoms(value: str) -> None:
    name, oracle = parse_person_name(value), Oracle(value)
    assert name.alphabetic == oracle.alphabetic.strip(" ").rstrip("^ ")
    assert name.ideographic == oracle.ideographic.strip(" ").rstrip("^ ")
    assert name.phonetic == oracle.phonetic.strip(" ").rstrip("^ ")
    assert parse_person_name(str(name)) == name


def test_components_joined_by_their_names() -> None:
    assert join_components({"GivenName": "John", "FamilyName": "Doe"}) == "Doe^John"
    assert join_components({"NameSuffix": "B.A.", "MiddleName": ""}) == "^^^^B.A."
    assert join_components({}) == ""


@given(st.lists(st.text("ab c", min_size=1).map(str.strip), max_size=5))
def test_components_come_apart_again(parts: list[str]) -> None:
    joined = join_components(dict(zip(COMPONENTS, parts, strict=False)))
    assert components(joined) == tuple(parts + [""] * (5 - len(parts)))
