import json
import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.app.conf.toml_lines import KeyPath, locate

EXAMPLE = """\
# comment = [
title = "a # b ] }"   # and a comment
'literal key'."basic\\tkey" = '''
many
lines = 1'''
[dimse] # comment
listen = [
    "127.0.0.1:1", # comment ]
    "[::1]:2",
]
at = 1979-05-27 07:32:00
[ a . "b c" ]
x.y.z = { k = [1, {m = 2}], n = "}" }

[[peer]]
host = "a"
[peer.extra]
one = 1
[[peer]]
host = \"\"\"
two\\\"""quotes\"\"\"\"
[[peer.extras]]
two = 2
[[peer.extras]]
two = 3
"""


def test_every_kind_of_key_has_its_line() -> None:
    tomllib.loads(EXAMPLE)
    assert locate(EXAMPLE) == {
        ("title",): 2,
        ("literal key",): 3,
        ("literal key", "basic\tkey"): 3,
        ("dimse",): 6,
        ("dimse", "listen"): 7,
        ("dimse", "listen", 0): 8,
        ("dimse", "listen", 1): 9,
        ("dimse", "at"): 11,
        ("a",): 12,
        ("a", "b c"): 12,
        ("a", "b c", "x"): 13,
        ("a", "b c", "x", "y"): 13,
        ("a", "b c", "x", "y", "z"): 13,
        ("a", "b c", "x", "y", "z", "k"): 13,
        ("a", "b c", "x", "y", "z", "k", 0): 13,
        ("a", "b c", "x", "y", "z", "k", 1): 13,
        ("a", "b c", "x", "y", "z", "k", 1, "m"): 13,
        ("a", "b c", "x", "y", "z", "n"): 13,
        ("peer",): 15,
        ("peer", 0): 15,
        ("peer", 0, "host"): 16,
        ("peer", 0, "extra"): 17,
        ("peer", 0, "extra", "one"): 18,
        ("peer", 1): 19,
        ("peer", 1, "host"): 20,
        ("peer", 1, "extras"): 22,
        ("peer", 1, "extras", 0): 22,
        ("peer", 1, "extras", 0, "two"): 23,
        ("peer", 1, "extras", 1): 24,
        ("peer", 1, "extras", 1, "two"): 25,
    }


def test_without_a_newline_at_the_end() -> None:
    assert locate("a = 1\nb = true") == {("a",): 1, ("b",): 2}


def test_nothing_in_an_empty_text() -> None:
    assert locate("\n# only a comment") == {}


names = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=5)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t"))
scalars = st.one_of(st.integers(-9, 9), st.booleans(), texts, st.floats(allow_nan=False, width=32))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
tables = st.dictionaries(names, values, max_size=4)
documents = st.dictionaries(names, tables | st.lists(tables, min_size=1, max_size=3), max_size=4)


def written(value: object, newline: str) -> str:
    """Write a TOML value; lists spread over lines, texts in all four ways."""
    if isinstance(value, list):
        items = "".join(f"{newline}{written(item, newline)} ,# ]\n" for item in value)
        return f"[{items}]"
    if isinstance(value, dict):
        pairs = ", ".join(
            f"{json.dumps(key)} = {written(item, newline)}" for key, item in value.items()
        )
        return f"{{ {pairs} }}"
    if isinstance(value, str):
        return text_written(value)
    return repr(value) if isinstance(value, float) else json.dumps(value)


def text_written(value: str) -> str:
    if "'" not in value and "\n" not in value and len(value) % 2:
        return f"'{value}'"
    escaped = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f'""{escaped}""' if len(value) % 3 == 0 else escaped


def paths(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    items: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, list):
        items = iter(enumerate(value))
    for part, inner in items:
        yield from paths(inner, (*path, part))


@given(documents, st.sampled_from(["", "\n", "# c\n\n"]))
def test_every_path_of_any_document_is_found(
    document: dict[str, dict[str, object] | list[dict[str, object]]], newline: str
) -> None:
    lines: list[str] = []
    expected: dict[KeyPath, int] = {}
    for name, content in document.items():
        is_list = isinstance(content, list)
        for index, table in enumerate(content if isinstance(content, list) else [content]):
            base: KeyPath = (name, index) if is_list else (name,)
            expected[base] = len(lines) + 1
            lines.append(f"[[{json.dumps(name)}]]" if is_list else f"[ {json.dumps(name)} ]")
            for key, value in table.items():
                expected[*base, key] = len(lines) + 1
                lines += f"{json.dumps(key)} = {written(value, newline)}".split("\n")
    text = "\n".join(lines)
    located = locate(text)
    assert set(located) == set(paths(tomllib.loads(text)))
    assert {path: located[path] for path in expected} == expected


def test_deep_nesting_that_tomllib_refuses_does_not_escape() -> None:
    with pytest.raises(RecursionError):
        locate("a = " + "[" * 10_000 + "]" * 10_000)
