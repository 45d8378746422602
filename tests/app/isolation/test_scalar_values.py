from enum import Enum, IntEnum, StrEnum

import pytest

from pacsd.app.isolation.errors import Misfit, Uncrossable
from pacsd.app.isolation.scalar_values import SCALARS, Json, member_form, named


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Odd(Enum):
    PAIR = (1, 2)


@pytest.mark.parametrize(
    ("annotation", "value", "raw"),
    [
        (str, "é", "é"),
        (str, Colour.RED, "red"),
        (int, -(2**63), -(2**63)),
        (int, Level.HIGH, 3),
        (float, Level.HIGH, 3.0),
        (bool, True, True),
        (float, 0.5, 0.5),
        (float, 3, 3.0),
        (bytes, b"\x00\xff", "AP8="),
        (None, None, None),
        (Json, {"a": [1]}, {"a": [1]}),
    ],
)
def test_values_of_one_piece(annotation: object, value: object, raw: object) -> None:
    form = SCALARS[annotation]
    assert form.accepts(value)
    assert form.encode(value) == raw
    assert form.decode(raw) == value


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (str, b"x"),
        (str, None),
        (int, True),
        (int, 1.0),
        (int, 2**63),
        (bool, 1),
        (float, float("nan")),
        (float, float("-inf")),
        (float, 2**80),
        (float, True),
        (bytes, "x"),
        (bytes, bytearray(b"x")),
        (None, 0),
    ],
)
def test_what_is_of_another_type_is_not_written(annotation: object, value: object) -> None:
    with pytest.raises(Misfit):
        SCALARS[annotation].encode(value)


@pytest.mark.parametrize(
    ("annotation", "raw"),
    [(bytes, "A"), (bytes, "é"), (bytes, "AP8=\n"), (bytes, 1), (float, 1), (int, "1")],
)
def test_what_is_of_another_type_is_not_read(annotation: object, raw: object) -> None:
    with pytest.raises(Misfit):
        SCALARS[annotation].decode(raw)


@pytest.mark.parametrize("member", [Colour.RED, Level.HIGH])
def test_members_of_enumerations(member: Enum) -> None:
    form = member_form(type(member))
    assert form.encode(member) == member.value
    assert form.decode(member.value) is member
    for wrong in ("blue", 4, None, True, [1]):
        with pytest.raises(Misfit):
            form.decode(wrong)
    with pytest.raises(Misfit):
        form.encode(member.value)


def test_enumerations_of_other_things_do_not_cross() -> None:
    with pytest.raises(Uncrossable, match="Odd has values that are neither"):
        member_form(Odd)


def test_names_are_those_of_classes() -> None:
    assert (named(None), named(3)) == ("None", "int")
