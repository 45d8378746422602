from collections.abc import Sequence

import pytest

from pacsd.dicom.matching import matches
from pacsd.dicom.query import (
    Between,
    BetweenMoments,
    Condition,
    HasItem,
    Missing,
    Moment,
    Names,
    Patterns,
    SoundsLike,
    Values,
)
from pacsd.dicom.vr import VR

DATE, TIME, NAME, CODES, CODE, ZONE = (
    0x00080020, 0x00080030, 0x00100010, 0x00081032, 0x00080100, 0x00080201,
)  # fmt: skip


class Entity:
    """Values given by the test."""

    def __init__(
        self, values: dict[int, tuple[str, ...]], items: "dict[int, list[Entity]] | None" = None
    ) -> None:
        self._values = values
        self._items = items or {}

    def texts(self, tag: int, /) -> Sequence[str]:
        return self._values.get(tag, ())

    def items(self, tag: int, /) -> "Sequence[Entity]":
        return self._items.get(tag, ())


STUDY = Entity(
    {
        DATE: ("20260131",),
        TIME: ("103015.5",),
        NAME: ("Müller^Jörg",),
        ZONE: ("+0100",),
        0x00080061: ("CT", "MR"),
        0x00200013: ("007",),
        0x00189074: ("20260131103015+0100",),
        0x0020000D: ("1.2.3",),
    },
    {CODES: [Entity({CODE: ("A",), 0x00080102: ("X",)}), Entity({CODE: ("B",)})]},
)


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        (Values(0x0020000D, VR.UI, ("1.2", "1.2.3")), True),
        (Values(0x0020000D, VR.UI, ("1.2",)), False),
        (Values(0x00200013, VR.IS, ("7",)), True),
        (Values(0x00200013, VR.IS, ("8",)), False),
        (Values(0x00200013, VR.IS, ("x",)), False),
        (Patterns(0x00080061, VR.CS, ("MR",)), True),
        (Patterns(0x00080061, VR.CS, ("?T",)), True),
        (Patterns(0x00080061, VR.CS, ("US", "M*")), True),
        (Patterns(0x00080061, VR.CS, ("ct",)), False),
        (Names(NAME, ("muller*",)), True),
        (Names(NAME, ("Müller",), is_exact=True), True),
        (Names(NAME, ("muller",), is_exact=True), False),
        (SoundsLike(NAME, ("Miller",)), True),
        (SoundsLike(NAME, ("Smith",)), False),
        (Between(DATE, VR.DA, "20260131", "20260131"), True),
        (Between(DATE, VR.DA, None, "20260130"), False),
        (Between(TIME, VR.TM, "103000", "103059.999999"), True),
        (Between(TIME, VR.TM, "103016", None), False),
        (Between(0x00189074, VR.DT, "20260131093015+0000", "20260131093015+0000"), True),
        (Between(0x00189074, VR.DT, "20260131093016+0000", None), False),
        (Between(0x00189074, VR.DT, None, "2026"), True),
        (Between(0x00189075, VR.DT, None, "2026"), False),
        (Missing(0x00081030), True),
        (Missing(NAME), False),
        (Missing(CODES), False),
        (HasItem(CODES, (Patterns(CODE, VR.SH, ("B",)),)), True),
        (HasItem(CODES, (Patterns(CODE, VR.SH, ("C",)),)), False),
        (
            HasItem(CODES, (Patterns(CODE, VR.SH, ("B",)), Patterns(0x00080102, VR.SH, ("X",)))),
            False,
        ),
    ],
)
def test_conditions(condition: Condition, is_met: bool) -> None:
    assert matches((condition,), STUDY) is is_met


@pytest.mark.parametrize(
    ("low", "high", "offset", "is_met"),
    [
        (Moment("20260131", "103015.5"), Moment("20260131", "103015.5"), None, True),
        (Moment("20260131", "103016"), None, None, False),
        (Moment("20260130", "235959"), Moment("20260201", "000000"), None, True),
        (None, Moment("20260131", ""), None, True),
        (None, Moment("20260131", "103015"), None, False),
        (Moment("20260131", "093015"), Moment("20260131", "093016"), 0, True),
        (Moment("20260131", "103015"), None, 0, False),
    ],
)
def test_moments(low: Moment | None, high: Moment | None, offset: int | None, is_met: bool) -> None:
    assert matches((BetweenMoments(DATE, TIME, low, high, offset),), STUDY) is is_met


@pytest.mark.parametrize(
    ("value", "zone", "key", "is_met"),
    [
        ("20260131233000", "+0100", "20260131223000+0000", True),
        ("20260131233000", "+0100", "20260131233000+0000", False),
        ("20260131233000", "+0100", "20260131233000", True),
        ("20260131233000", "+0100", "20260131223000", False),
        ("20260131233000+0200", "+0100", "20260131213000+0000", True),
        ("20260131233000+0200", "+0100", "20260131223000", True),
        ("20260131233000", "", "20260131233000+0000", True),
    ],
)
def test_a_datetime_without_offset_is_of_the_zone_of_its_object(
    value: str, zone: str, key: str, is_met: bool
) -> None:
    values: dict[int, tuple[str, ...]] = {0x0008002A: (value,)}
    around: dict[int, tuple[str, ...]] = {ZONE: (zone,)} if zone else {}
    condition = Between(0x0008002A, VR.DT, key, key)
    assert matches((condition,), Entity({**values, **around})) is is_met
    within = Entity(around, {CODES: [Entity(values)]})
    assert matches((HasItem(CODES, (condition,)),), within) is is_met


LATE: dict[int, tuple[str, ...]] = {DATE: ("20260131",), TIME: ("2330",), ZONE: ("+0100",)}


@pytest.mark.parametrize(
    ("low", "high", "offset", "is_met"),
    [
        (Moment("20260101", "100000"), Moment("20260205", "110059.999999"), 60, False),
        (Moment("20260101", "230000"), Moment("20260205", "235959.999999"), 60, True),
        (Moment("20260201", "003000"), Moment("20260201", "003059.999999"), 120, True),
        (Moment("20260131", "003000"), Moment("20260131", "003059.999999"), 120, False),
        (Moment("20260101", ""), Moment("", "110059.999999"), 60, False),
        (Moment("20260201", ""), Moment("", "110059.999999"), 120, True),
        (Moment("20260201", ""), None, 120, True),
        (None, Moment("20260131", ""), 120, False),
        (Moment("", "223000"), Moment("", "223059.999999"), 0, True),
        (Moment("", "233000"), Moment("", "233059.999999"), 0, False),
        (Moment("", "233000"), Moment("", "233059.999999"), None, True),
    ],
)
def test_dates_and_times_apart_as_of_a_zone(
    low: Moment | None, high: Moment | None, offset: int | None, is_met: bool
) -> None:
    condition = BetweenMoments(DATE, TIME, low, high, offset, is_apart=True)
    assert matches((condition,), Entity(LATE)) is is_met


@pytest.mark.parametrize(
    ("values", "low", "high", "is_met"),
    [
        ({TIME: ("0030",)}, Moment("", "233000"), Moment("", "233059.999999"), True),
        ({TIME: ("0030",)}, Moment("", "003000"), Moment("", "003059.999999"), False),
        ({TIME: ("0030",)}, Moment("00010101", "233000"), None, False),
        ({TIME: ("x",)}, Moment("", "x"), Moment("", "x"), True),
        ({DATE: ("20260131",)}, Moment("20260131", ""), Moment("20260131", ""), True),
        ({DATE: ("20260131",)}, Moment("20260131", "000000"), None, False),
        ({DATE: ("x",), TIME: ("0030",)}, Moment("x", "003000"), Moment("x", "003000"), True),
    ],
)
def test_of_a_date_and_a_time_one_may_be_missing(
    values: dict[int, tuple[str, ...]], low: Moment, high: Moment | None, is_met: bool
) -> None:
    condition = BetweenMoments(DATE, TIME, low, high, 0, is_apart=True)
    assert matches((condition,), Entity({ZONE: ("+0100",), **values})) is is_met


def test_a_day_without_time_of_day_is_the_same_in_every_zone() -> None:
    day = Entity({DATE: ("20260131",), ZONE: ("+0100",)})
    on_it = Moment("20260131", "")
    assert matches((BetweenMoments(DATE, TIME, on_it, on_it, 0),), day)


def test_a_study_without_a_date_is_at_no_moment() -> None:
    whenever = BetweenMoments(DATE, TIME, Moment("0001", ""), None)
    assert not matches((whenever,), Entity({}))


def test_all_conditions_must_hold() -> None:
    assert matches((), STUDY)
    assert not matches((Missing(0x00081030), Missing(NAME)), STUDY)
