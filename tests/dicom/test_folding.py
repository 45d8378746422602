import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.folding import fold, fold_person_names


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("MUELLER", "mueller"),
        ("Müller", "muller"),
        ("Weiß", "weiss"),
        ("Łódź Øster Æbel", "lodz oster aebel"),
        ("Ελένη", "ελενη"),
        ("İzmir \u0131l\u0131k", "izmir ilik"),
        ("がぎ", "がぎ"),
        ("", ""),
    ],
)
def test_case_and_accents_are_gone(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(codec="latin-1")))
def test_case_never_matters(text: str) -> None:
    assert fold(text.swapcase()) == fold(text)


def test_delimiters_that_end_a_component_group_are_gone() -> None:
    assert fold_person_names("DOE^Jane^^^=山田^花子^") == "doe^jane=山田^花子"


def test_each_of_several_names_is_folded() -> None:
    assert fold_person_names("Doe^Jane^\\Roë^Ann") == "doe^jane\\roe^ann"
