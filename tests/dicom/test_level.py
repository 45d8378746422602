import pytest

from pacsd.dicom.level import Level


@pytest.mark.parametrize("level", list(Level))
def test_a_level_is_found_by_its_term(level: Level) -> None:
    assert Level.of_term(level.term) is level


@pytest.mark.parametrize("term", ["", "INSTANCE", "study", "FRAME"])
def test_other_words_are_no_levels(term: str) -> None:
    assert Level.of_term(term) is None
