import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.wildcard import Pattern

letters = st.text("ab^?*", max_size=12)


@given(letters, st.text("ab^", max_size=16))
def test_it_matches_what_a_shell_would(key: str, text: str) -> None:
    assert Pattern(key).matches(text) is fnmatchcase(text, key)


@given(letters, st.text("ab^", max_size=16))
def test_what_it_says_of_matches_is_true_of_all(key: str, text: str) -> None:
    each = Pattern(key)
    if each.matches(text):
        assert text.startswith(each.prefix)
        assert each.longest_literal in text
    if each.is_prefix:
        assert each.matches(text) is text.startswith(each.prefix)
    if each.is_substring:
        assert each.matches(text) is (each.longest_literal in text)


@pytest.mark.parametrize(
    ("key", "prefix", "longest"),
    [("SMITH*", "SMITH", "SMITH"), ("*MITH*", "", "MITH"), ("A?CDE*F", "A", "CDE"), ("*", "", "")],
)
def test_literals(key: str, prefix: str, longest: str) -> None:
    each = Pattern(key)
    assert (each.prefix, each.longest_literal) == (prefix, longest)


@pytest.mark.parametrize("key", ["*", "**", "*" * 1_000])
def test_stars_alone_are_universal(key: str) -> None:
    assert Pattern(key).is_universal


def test_a_question_mark_is_a_character() -> None:
    assert not Pattern("?").is_universal
    assert not Pattern("*?*").matches("")
    assert Pattern("*?*").matches("a")


@pytest.mark.parametrize("special", ["%_'\";--", "[a]", ".*", "\\d", "$^", "(?"])
def test_other_characters_stand_for_themselves(special: str) -> None:
    assert Pattern(special).matches(special)
    assert Pattern(f"*{special}*").matches(f"x{special}y")
    assert not Pattern(f"*{special}*").matches("aaaa")


@pytest.mark.parametrize("key", ["*a" * 500 + "b", "*?" * 500, "a*" * 1_000 + "c", "*" * 1_000])
def test_no_pattern_takes_long(key: str) -> None:
    # Backtracking would take longer than the universe; this is linear, so thread time will do.
    started = time.thread_time()
    Pattern(key).matches("a" * 10_000)
    assert time.thread_time() - started < 2
