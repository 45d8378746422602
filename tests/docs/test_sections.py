import pytest

from contrib.docs.sections import code, fill, section_names, table

DOCUMENT = """\
before
<!-- begin one: written by make docs -->
old
<!-- end one -->
between
<!-- begin two: written by make docs -->
<!-- end two -->
"""


def test_only_what_is_between_the_marks_changes() -> None:
    filled = fill(DOCUMENT, {"one": lambda: "new\n", "two": lambda: "more"})
    assert filled == DOCUMENT.replace("old\n", "new\n").replace(
        "<!-- end two", "more\n<!-- end two"
    )
    assert fill(filled, {"one": lambda: "new", "two": lambda: "more"}) == filled


def test_a_section_nobody_writes_is_an_error() -> None:
    with pytest.raises(KeyError, match="two"):
        fill(DOCUMENT, {"one": lambda: ""})


def test_sections_are_named_in_order() -> None:
    assert section_names(DOCUMENT) == ["one", "two"]


def test_a_cell_stays_one_cell() -> None:
    assert table(("a", "b"), [("x|y", "two\nlines")]) == (
        "| a | b |\n| --- | --- |\n| x\\|y | two lines |"
    )


def test_nothing_is_no_code() -> None:
    assert (code("x"), code("")) == ("`x`", "")
