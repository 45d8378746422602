from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Protocol

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.app.isolation.errors import Misfit, Uncrossable
from pacsd.app.isolation.values import form_of


@dataclass(frozen=True)
class Leaf:
    size: int


@dataclass(frozen=True)
class Branch:
    leaves: tuple[Leaf, ...]
    below: Optional["Branch"] = None


@dataclass(frozen=True)
class Even:
    number: int
    half: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError(f"{self.number} is odd")


class Port(Protocol):
    def do(self) -> None: ...


ANNOTATION = Leaf | Branch | None | str | tuple[Leaf | str, ...] | int | float

LEAVES = st.builds(Leaf, st.integers(-(2**63), 2**63 - 1))
BRANCHES = st.recursive(
    st.builds(Branch, st.lists(LEAVES).map(tuple)),
    lambda below: st.builds(Branch, st.lists(LEAVES).map(tuple), below),
    max_leaves=5,
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.one_of(
    LEAVES,
    BRANCHES,
    st.none(),
    TEXTS,
    st.lists(LEAVES | TEXTS).map(tuple),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(VALUES)
def test_values_come_out_as_they_went_in(value: object) -> None:
    form = form_of(ANNOTATION)
    read = form.decode(orjson.loads(orjson.dumps(form.encode(value))))
    assert (read, type(read)) == (value, type(value))


@given(st.recursive(VALUES, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_p06_no_json_makes_anything_but_a_value_or_a_misfit(raw: object) -> None:
    for annotation in (ANNOTATION, AssociationRequest, Refusal | None, Mapping[str, bytes]):
        try:
            form_of(annotation).decode(raw)
        except Misfit:
            continue


@pytest.mark.parametrize(
    ("annotation", "value", "raw"),
    [
        (Refusal | None, Refusal(1, 2, 1, "x"), None),
        (tuple[int, str], (1, "x"), [1, "x"]),
        (Sequence[int], (1, 2), [1, 2]),
        (Mapping[str, Leaf], {"a": Leaf(1)}, {"a": {"size": 1}}),
        (dict[str, int], {}, {}),
        (Leaf | Even | None, Leaf(1), {"kind": "Leaf", "value": {"size": 1}}),
        (Even, Even(4), {"number": 4}),
        (bytes | None, b"", ""),
    ],
)
def test_how_values_are_written(annotation: object, value: object, raw: object) -> None:
    form = form_of(annotation)
    assert form.accepts(value)
    written = form.encode(value)
    assert raw is None or written == raw
    assert form.decode(written) == value


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (Refusal | None, "no", "str instead of Refusal | None"),
        (Refusal | None, Leaf(1), "Leaf instead of Refusal | None"),
        (Leaf | Even, Refusal(1, 1, 1, ""), "Refusal instead of Leaf | Even"),
        (Branch, Branch((Leaf("1"),)), "str instead of int at leaves.0.size"),  # type: ignore[arg-type]
        (tuple[int, str], (1,), "tuple of 1 instead of tuple[int, str]"),
        (tuple[int, str], 1, "int instead of tuple[int, str]"),
        (tuple[int, ...], {1}, "set instead of tuple[int, ...]"),
        (Mapping[str, int], {1: 1}, "a key of int instead of a key of str"),
        (Mapping[str, int], [1], "list instead of Mapping[str, int]"),
    ],
)
def test_another_type_is_named(annotation: object, value: object, text: str) -> None:
    with pytest.raises(Misfit) as raised:
        form_of(annotation).encode(value)
    assert str(raised.value) == text


@pytest.mark.parametrize(
    ("annotation", "raw", "text"),
    [
        (Leaf, {"size": 1, "x": 2}, "a record with other fields (x) instead of Leaf"),
        (Leaf, {}, "a record with other fields (size) instead of Leaf"),
        (Leaf, [1], "list instead of Leaf"),
        (Leaf | Even, {"kind": "Refusal", "value": {}}, "another kind instead of Leaf | Even"),
        (Leaf | Even, {"kind": "Leaf"}, "dict instead of Leaf | Even"),
        (Even, {"number": 3}, "fields that do not fit together (3 is odd) instead of Even"),
        (tuple[int, ...], {"a": 1}, "dict instead of tuple[int, ...]"),
        (Leaf | None, [], "list instead of Leaf | None"),
    ],
)
def test_other_json_is_named(annotation: object, raw: object, text: str) -> None:
    with pytest.raises(Misfit) as raised:
        form_of(annotation).decode(raw)
    assert str(raised.value) == text


def test_members_of_a_union_are_told_from_outside() -> None:
    form = form_of(Leaf | Even | tuple[int, int] | bool)
    for value in (Leaf(1), Even(2), (1, 2), True):
        assert form.accepts(value)
    assert not form.accepts((1, 2, 3))


@pytest.mark.parametrize(
    "annotation",
    [Port, Any, object, set[int], dict[int, str], bytes | str, Leaf | Mapping[str, int]],
)
def test_types_that_do_not_cross_are_refused_when_the_form_is_made(annotation: object) -> None:
    with pytest.raises(Uncrossable):
        form_of(annotation)
