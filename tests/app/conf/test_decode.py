from datetime import date
from typing import Literal

import pytest
from pydantic import Field, ValidationError

from pacsd.api.settings import Settings
from pacsd.app.conf.decode import Problem, decode_strictly, find_problems, format_value
from pacsd.app.conf.settings import Config


class Inner(Settings):
    count: int = Field(default=1, ge=1, le=9)
    mode: Literal["a", "b"] = "a"


class Outer(Settings):
    inner: Inner = Inner()
    items: tuple[Inner, ...] = Field(default=(Inner(),), min_length=1)
    ratio: float = 0.5
    text: str = Field(default="", max_length=3)
    on: bool = False


def problems_of(tree: dict[str, object]) -> list[Problem]:
    with pytest.raises(ValidationError) as caught:
        decode_strictly(Outer, tree)
    return find_problems(Outer, caught.value)


def test_right_types_are_decoded() -> None:
    tree = {"inner": {"count": 2}, "items": [{"mode": "b"}], "ratio": 1, "text": "x", "on": True}
    decoded = decode_strictly(Outer, tree)
    assert decoded.inner.count == 2
    assert decoded.items == (Inner(mode="b"),)
    assert decoded.ratio == 1.0


@pytest.mark.parametrize(
    ("tree", "problem"),
    [
        ({"inner": {"count": "2"}}, Problem(("inner", "count"), '"2"', "must be a whole number")),
        ({"inner": {"count": True}}, Problem(("inner", "count"), "true", "must be a whole number")),
        ({"inner": {"count": 1.5}}, Problem(("inner", "count"), "1.5", "must be a whole number")),
        ({"inner": {"count": 0}}, Problem(("inner", "count"), "0", "must be >= 1")),
        ({"inner": {"count": 10}}, Problem(("inner", "count"), "10", "must be <= 9")),
        ({"inner": {"mode": "c"}}, Problem(("inner", "mode"), '"c"', "must be 'a' or 'b'")),
        ({"inner": 1}, Problem(("inner",), "1", "must be a table")),
        ({"items": 1}, Problem(("items",), "1", "must be a list [...]")),
        ({"items": []}, Problem(("items",), "[]", "must have at least 1 items")),
        ({"ratio": "x"}, Problem(("ratio",), '"x"', "must be a number")),
        ({"text": 1}, Problem(("text",), "1", "must be text in quotes")),
        ({"text": "long"}, Problem(("text",), '"long"', "must be at most 3 characters")),
        ({"on": "true"}, Problem(("on",), '"true"', "must be true or false")),
        ({"on": date(2024, 2, 1)}, Problem(("on",), '"2024-02-01"', "must be true or false")),
    ],
)
def test_each_rule_is_in_plain_words(tree: dict[str, object], problem: Problem) -> None:
    assert problems_of(tree) == [problem]


def test_all_problems_are_found_at_once() -> None:
    tree: dict[str, object] = {"items": [{"count": 0}, {"count": 0, "mode": 1}], "on": 1}
    assert [problem.path for problem in problems_of(tree)] == [
        ("items", 0, "count"),
        ("items", 1, "count"),
        ("items", 1, "mode"),
        ("on",),
    ]


def test_unknown_key_names_the_nearest() -> None:
    (problem,) = problems_of({"inner": {"cuont": 5}})
    assert problem == Problem(("inner", "cuont"), "", "unknown key; did you mean count?")


def test_unknown_key_names_one_elsewhere() -> None:
    (problem,) = problems_of({"count": 5})
    assert problem.rule == "unknown key; did you mean inner.count?"


def test_unknown_key_like_none() -> None:
    assert problems_of({"zzzzzz": 5})[0].rule == "unknown key"


def test_prefix_places_a_part_of_a_document() -> None:
    with pytest.raises(ValidationError) as caught:
        decode_strictly(Inner, {"count": 0, "x": 1})
    found = find_problems(Inner, caught.value, ("plugins", "p"))
    assert [problem.path for problem in found] == [("plugins", "p", "count"), ("plugins", "p", "x")]


def test_missing_key_has_no_value() -> None:
    class Needs(Settings):
        name: str

    with pytest.raises(ValidationError) as caught:
        decode_strictly(Needs, {})
    assert find_problems(Needs, caught.value) == [Problem(("name",), "", "is required")]


def test_wrong_item_is_not_reported_as_missing_too() -> None:
    with pytest.raises(ValidationError) as caught:
        decode_strictly(Config, {"ae": [{"services": ["storag"]}]})
    paths = [problem.path for problem in find_problems(Config, caught.value)]
    assert paths == [("ae", 0, "services", 0)]


def test_value_is_short_and_printable() -> None:
    assert format_value("a\n\u202e\x1b") == '"a\\n\\u202e\\u001b"'
    assert len(format_value("x" * 1_000)) == 80
