import pytest

from pacsd.dicom.folding import fold_person_names
from pacsd.dicom.name_matching import NamePattern

YAMADA = "Yamada^Tarou=山田^太郎=やまだ^たろう"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("SMITH", "Smith"),
        ("SMITH", "Smith^John"),
        ("smith^john", "SMITH^JOHN"),
        ("SMITH^J*", "Smith^John^^Dr"),
        ("^JOHN", "Smith^John"),
        ("*JOHN*", "Smith^John"),
        ("S*N", "Smith^John"),
        ("*^*^^^", "Smith^John"),
        ("SMITH^^^^", "Smith"),
        ("Muller", "Müller^Jörg"),
        ("MÜLLER*", "Muller^Jorg"),
        ("山田*", YAMADA),
        ("山田^太郎", YAMADA),
        ("yamada", YAMADA),
        ("=山田", YAMADA),
        ("yamada^tarou=山田^太郎", YAMADA),
        ("*=*=*", "Smith^John"),
        ("Smith^?ohn", "smith^john"),
    ],
)
def test_fits(key: str, name: str) -> None:
    assert NamePattern(key).matches(fold_person_names(name))


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("SMIT", "Smith^John"),
        ("SMITH^JANE", "Smith^John"),
        ("^SMITH", "Smith^John"),
        ("JOHN", "Smith^John"),
        ("JOHN*", "Smith^John"),
        ("山田=yamada", YAMADA),
        ("=山", YAMADA),
        ("a=b=c=d", "a=b=c=d"),
        ("SMITH^JOHN^X", "Smith^John"),
    ],
)
def test_does_not_fit(key: str, name: str) -> None:
    assert not NamePattern(key).matches(fold_person_names(name))


@pytest.mark.parametrize("key", ["", "*", "^^", "*^*", "=", "*=*"])
def test_universal(key: str) -> None:
    assert NamePattern(key).is_universal


def test_case_and_accents_matter_if_they_shall() -> None:
    exact = NamePattern("Müller", is_exact=True)
    assert exact.matches("Müller^Jörg")
    assert not exact.matches("MÜLLER^Jörg")
    assert not exact.matches("Muller^Jörg")


@pytest.mark.parametrize(
    ("key", "prefix", "literal", "is_prefix", "is_substring"),
    [
        ("SMITH*", "smith", "smith", True, False),
        ("*MITH*", "", "mith", False, True),
        ("SMITH^J*", "smith", "smith", False, False),
        ("SMITH", "smith", "smith", False, False),
        ("^JOHN", "", "john", False, False),
    ],
)
def test_what_a_database_can_use(
    key: str, prefix: str, literal: str, is_prefix: bool, is_substring: bool
) -> None:
    each = NamePattern(key)
    assert (each.prefix, each.literal) == (prefix, literal)
    assert (each.is_prefix, each.is_substring) == (is_prefix, is_substring)
