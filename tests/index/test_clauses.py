import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.level import Level
from pacsd.dicom.query import (
    Between,
    BetweenMoments,
    Condition,
    Moment,
    Names,
    Patterns,
    SoundsLike,
    Values,
)
from pacsd.dicom.vr import VR
from pacsd.index.clauses import Clause, behind, binds, clause_of, equals
from pacsd.index.columns import Extras
from pacsd.index.records import ExtraTag, ExtraTagState
from pacsd.index.schema import study
from pacsd.index.sqlite import DIALECT

TIME, ACQUIRED_ON, ACQUIRED_AT = 0x00080030, 0x00080022, 0x00080032
NAME, ACCESSION, DATE, STUDY = 0x00100010, 0x00080050, 0x00080020, 0x0020000D
OTHER_IDS, OTHER_NAMES = 0x00101000, 0x00101001


def clause(condition: Condition, level: Level = Level.STUDY) -> Clause:
    found = clause_of(condition, level, 1)
    assert found is not None
    return found


def sql(found: Clause) -> str:
    return str(found.build(binds()).compile(dialect=DIALECT))


@given(st.text(min_size=1), st.text())
def test_behind_all_that_begin_so(prefix: str, rest: str) -> None:
    text, end = prefix + rest, behind(prefix)
    raw = [each.encode("utf-8", errors="surrogatepass") for each in (prefix, text, end)]
    assert raw == sorted(raw)
    assert raw[1] != raw[2]
    if not any("\ud800" <= character <= "\udfff" for character in prefix):
        end.encode()


@pytest.mark.parametrize(
    ("condition", "is_exact"),
    [
        (Patterns(ACCESSION, VR.SH, ("A1",)), True),
        (Patterns(ACCESSION, VR.SH, ("A*", "*1*")), True),
        (Patterns(ACCESSION, VR.SH, ("A?",)), False),
        (Patterns(OTHER_IDS, VR.LO, ("A1",)), False),
        (Values(STUDY, VR.UI, ("1.2",)), True),
        (Values(0x00101030, VR.DS, ("70",)), False),
        (Names(OTHER_NAMES, ("SMITH*",)), True),
        (Names(OTHER_NAMES, ("SMITH*=SMITH",)), False),
        (Names(NAME, ("SMITH*",)), True),
        (Names(NAME, ("*MITH*",)), True),
        (Names(NAME, ("SMITH",)), False),
        (Names(NAME, ("SMITH*",), is_exact=True), False),
        (Names(NAME, ("=SMITH*",)), False),
        (SoundsLike(NAME, ("smith",)), True),
        (SoundsLike(0x00080090, ("smith",)), False),
        (Between(DATE, VR.DA, "20260101", None), True),
    ],
)
def test_what_is_to_be_looked_at_again(condition: Condition, is_exact: bool) -> None:
    assert clause(condition).is_exact is is_exact


def test_values_are_never_part_of_the_statement() -> None:
    evil = "'; DROP TABLE study; --"
    for condition in (
        Patterns(ACCESSION, VR.SH, (evil, f"{evil}*", f"*{evil}*")),
        Values(STUDY, VR.UI, (evil,)),
        Names(NAME, (f"{evil}*",)),
    ):
        found = clause(condition)
        assert "DROP" not in sql(found)
        assert any("drop" in str(each).lower() for each in found.parameters)


def test_queries_of_one_shape_share_a_signature() -> None:
    assert clause(Names(NAME, ("SMITH*",))).signature == clause(Names(NAME, ("J*",))).signature
    long = [clause(Values(STUDY, VR.UI, tuple(map(str, range(n))))) for n in (65, 16_384)]
    assert long[0].signature == long[1].signature
    assert [len(each.parameters) for each in long] == [1, 1]
    lists = [clause(Values(STUDY, VR.UI, tuple(map(str, range(n))))) for n in (5, 8, 9)]
    assert lists[0].signature == lists[1].signature != lists[2].signature
    assert [len(each.parameters) for each in lists] == [8, 8, 16]


def test_a_list_is_filled_up_with_its_last_value() -> None:
    found = equals(study.c.study_instance_uid, "uid", ["a", "b", "c"])
    assert found.parameters == ("a", "b", "c", "c")
    assert sql(found).count("?") == 4


def test_numbers_that_are_none_find_nothing() -> None:
    found = clause(Values(0x00200011, VR.IS, ("x",)), Level.SERIES)
    assert found.parameters == ()


@pytest.mark.parametrize(
    ("low", "high", "offset", "parameters"),
    [
        (Moment("20260110", ""), Moment("", "110059.999999"), None, ("20260110",)),
        (Moment("", "100000"), Moment("20260110", ""), 60, ("20260112",)),
        (Moment("20260110", ""), Moment("20260110", ""), 60, ("20260108", "20260112")),
    ],
)
def test_dates_apart_from_times_are_looked_for_by_date(
    low: Moment, high: Moment, offset: int | None, parameters: tuple[str, ...]
) -> None:
    found = clause(BetweenMoments(DATE, TIME, low, high, offset, is_apart=True))
    assert (found.parameters, found.is_exact) == (parameters, False)
    assert "study_date" in sql(found)


def test_a_time_alone_is_looked_for_in_all_that_have_one() -> None:
    low, high = Moment("", "233000"), Moment("", "233059.999999")
    found = clause(BetweenMoments(DATE, TIME, low, high, 60, is_apart=True))
    assert (found.parameters, found.is_exact) == ((), False)
    assert "study_time IS NOT NULL" in sql(found)


def test_moments_of_user_chosen_tags_are_looked_for_where_their_values_are() -> None:
    extras: Extras = {
        tag: ExtraTag(number, Level.STUDY, tag, "", vr, ExtraTagState.COMPLETE, 0, 0)
        for number, (tag, vr) in enumerate(((ACQUIRED_ON, "DA"), (ACQUIRED_AT, "TM")), 1)
    }
    day, clock = Moment("20260110", ""), Moment("", "100000")
    for low, number in ((day, 1), (clock, 2)):
        asked = BetweenMoments(ACQUIRED_ON, ACQUIRED_AT, low, None, 60, is_apart=True)
        found = clause_of(asked, Level.STUDY, 1, extras)
        assert found is not None
        assert (found.parameters, found.is_exact) == ((number,), False)
        only_time = clause_of(asked, Level.STUDY, 1, {ACQUIRED_AT: extras[ACQUIRED_AT]})
        assert (only_time is not None) is (low is clock)
        assert clause_of(asked, Level.STUDY, 1, {ACQUIRED_ON: extras[ACQUIRED_ON]}) is None


def test_what_no_column_has_is_no_clause() -> None:
    assert clause_of(Patterns(0x00189073, VR.LO, ("x",)), Level.INSTANCE, 1) is None
