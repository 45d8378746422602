"""Searching, with `pacsd.dicom.matching` over the same values as the oracle."""

import time
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from pacsd.dicom.identifier_bounds import MAX_PATTERNS, MAX_VALUES
from pacsd.dicom.level import Level
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
from pacsd.index import searching
from pacsd.index.errors import QueryTooCostly
from pacsd.index.instances import _delete
from pacsd.index.records import Scope
from pacsd.index.searching import Search, knows, search
from pacsd.index.sqlite import SqliteFile, close, driver
from tests.index.made import SCOPE, added, new, opened

NAME, PATIENT_ID, STUDY, SERIES, INSTANCE = (
    0x00100010, 0x00100020, 0x0020000D, 0x0020000E, 0x00080018,
)  # fmt: skip
DATE, TIME, ZONE, MODALITIES, MODALITY, OPERATORS = (
    0x00080020, 0x00080030, 0x00080201, 0x00080061, 0x00080060, 0x00081070,
)  # fmt: skip
WEIGHT = 0x00101030
NAMES = (
    "Smith^John",
    "SMITH^Jane",
    "Smyth^Jon",
    "Müller^Jörg",
    "Muller^Anna",
    "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "Yamada^Hanako=山田^花子",
    "Blacksmith",
    "",
    "%_'\";--",
    "=Only^Second",
    "a*b?c",
)
MANY = 48


class Made:
    """One study of the tests, as `matching` sees it."""

    def __init__(self, number: int) -> None:
        name = NAMES[number % len(NAMES)]
        self.number = number
        self.attributes = {
            tag: value
            for tag, value in {
                NAME: name,
                DATE: f"202601{1 + number % 28:02}" if number % 7 else "",
                TIME: f"{number % 24:02}3015.5" if number % 3 else "",
                ZONE: "+0200" if number % 2 else "",
                0x00080050: f"A{number // 2}" if number % 5 else "",
                0x00081030: "desc %" if number % 4 else "[x] desc",
                OPERATORS: "First^One\\Op^Two" if number % 2 else "Other",
                0x00200011: str(number),
                WEIGHT: f"{number}.0",
            }.items()
            if value
        }
        self.modalities = ("CT", "MR") if number % 3 == 0 else ("US",)
        self.study = f"1.2.{number}"

    def texts(self, tag: int, /) -> Sequence[str]:
        computed = {
            STUDY: (self.study,),
            PATIENT_ID: (f"P{self.number % 40}",),
            MODALITIES: self.modalities,
        }
        if tag in computed:
            return computed[tag]
        value = self.attributes.get(tag)
        return value.split("\\") if value else ()

    def items(self, _: int, /) -> Sequence["Made"]:
        return ()


STUDIES = [Made(number) for number in range(MANY)]


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    folder = tmp_path_factory.mktemp("searched")
    desk = opened(folder)
    for made in STUDIES:
        for place, modality in enumerate(made.modalities):
            added(
                desk,
                *(
                    new(
                        f"{made.study}.{place}.{number}",
                        study=made.study,
                        series=f"{made.study}.{place}",
                        patient_id=f"P{made.number % 40}",
                        issuer=str(made.number // 40),
                        attributes={**made.attributes, MODALITY: modality},
                    )
                    for number in range(2)
                ),
            )
    added(desk, new("2.1", study="2", series="2.0", partition=1, patient_id="GONE"))
    desk.perform(lambda session: _delete(SCOPE, ["2.1"], "test", None, session))
    desk.close()
    reader = SqliteFile(folder / "index.sqlite").connect_reader()
    yield reader
    close(reader)


def found(connection: Connection, *conditions: Condition, level: Level = Level.STUDY) -> list[str]:
    """The unique keys of what is found."""
    assert all(knows(each, level) for each in conditions)
    ids = search(Search(Scope(), level, conditions, 10_000, 60), connection)
    assert ids == sorted(set(ids))
    table, column = {
        Level.PATIENT: ("patient", "patient_id"),
        Level.STUDY: ("study", "study_instance_uid"),
        Level.SERIES: ("series", "series_instance_uid"),
        Level.INSTANCE: ("instance", "sop_instance_uid"),
    }[level]
    sql = f"SELECT {column} FROM {table} WHERE id = ?"  # noqa: S608 - both are from above
    return [driver(connection).execute(sql, [each]).fetchone()[0] for each in ids]


texts = st.sampled_from(
    ["Smith", "SMITH*", "*MITH*", "S?ith*", "^J*", "山田*", "=山田", "muller", "*", "yamada^*=山田",
     "*one*", "Only*", "*Only", "a*", "%", "_", "%_'\";--", "*'*", "*^*n*", "Second", "*=*", ""]
)  # fmt: skip
sounding = st.sampled_from(["smith", "jon smith", "x", "1"])
listed = st.sampled_from(
    ["A1", "A1*", "*1", "P?", "P1*", "desc*", "*[x]*", "*%", "CT", "C?", "U*", "?R", "*", "A?*"]
)
uids = st.integers(0, MANY + 3).map(lambda number: f"1.2.{number}")
days = st.none() | st.integers(1, 28).map(lambda day: f"202601{day:02}")
hours = st.integers(0, 23).map(lambda hour: f"{hour:02}3000")
moments = st.none() | st.builds(Moment, days.filter(bool), st.just("") | hours)
ends = st.none() | st.one_of(
    st.builds(Moment, days.filter(bool), st.just("") | hours), st.builds(Moment, st.just(""), hours)
)
zones = st.none() | st.sampled_from([-720, -120, 0, 60, 840])
conditions = st.one_of(
    st.builds(Names, st.sampled_from([NAME]), st.lists(texts, min_size=1, max_size=3).map(tuple)),
    st.builds(Names, st.just(NAME), st.tuples(texts), st.just(True)),
    st.builds(SoundsLike, st.just(NAME), st.tuples(sounding)),
    st.builds(Between, st.just(DATE), st.just(VR.DA), days, days),
    st.builds(Between, st.just(TIME), st.just(VR.TM), st.none() | hours, st.none() | hours),
    st.builds(
        BetweenMoments, st.just(DATE), st.just(TIME), moments, moments,
        zones,
    ),
    st.builds(
        BetweenMoments, st.just(DATE), st.just(TIME), ends, ends, zones, is_apart=st.just(True)
    ),
    st.builds(Missing, st.sampled_from([DATE, TIME, NAME, 0x00080050])),
    st.builds(
        Patterns, st.sampled_from([0x00080050, 0x00081030, PATIENT_ID, MODALITIES]),
        st.sampled_from([VR.LO]),
        st.lists(listed, min_size=1, max_size=3).map(tuple),
    ),
    st.builds(
        Values, st.just(STUDY), st.just(VR.UI),
        st.lists(uids, min_size=1, max_size=9).map(tuple),
    ),
)  # fmt: skip


@given(st.lists(conditions, max_size=3).map(tuple))
def test_the_index_finds_what_matches(connection: Connection, asked: tuple[Condition, ...]) -> None:
    usable = tuple(each for each in asked if knows(each, Level.STUDY))
    assert all(isinstance(each, BetweenMoments) for each in asked if each not in usable)
    expected = [made.study for made in STUDIES if matches(usable, made)]
    assert sorted(found(connection, *usable)) == sorted(expected)


def test_what_is_deleted_is_not_found_at_any_level(connection: Connection) -> None:
    assert "2" not in found(connection)
    assert "2.0" not in found(connection, level=Level.SERIES)
    assert "2.1" not in found(connection, level=Level.INSTANCE)
    assert "GONE" not in found(connection, level=Level.PATIENT)
    assert len(found(connection)) == MANY


def test_levels_below_and_above(connection: Connection) -> None:
    of_study = Values(STUDY, VR.UI, ("1.2.3",))
    assert found(connection, of_study, level=Level.SERIES) == ["1.2.3.0", "1.2.3.1"]
    of_series = Values(SERIES, VR.UI, ("1.2.3.1",))
    instances = found(connection, of_study, of_series, level=Level.INSTANCE)
    assert instances == ["1.2.3.1.0", "1.2.3.1.1"]
    by_name = Names(NAME, ("Blacksmith",))
    assert "P7" in found(connection, by_name, level=Level.PATIENT)
    # A study whose series is an MR, as a relational query may ask.
    mr_series = Patterns(MODALITY, VR.CS, ("MR",))
    assert found(connection, mr_series, of_study) == ["1.2.3"]
    assert found(connection, Values(INSTANCE, VR.UI, ("1.2.5.0.1",))) == ["1.2.5"]


def test_several_values_of_one_attribute(connection: Connection) -> None:
    operators = Names(OPERATORS, ("op^two",))
    odd = [made.study for made in STUDIES if made.number % 2]
    assert found(connection, operators) == odd
    for key in ("Op", "Op*", "op^t*", "Op^Two"):
        of_second = (Names(OPERATORS, (key,)), Names(OPERATORS, ("*two*",)))
        assert found(connection, *of_second) == odd
    assert found(connection, Names(OPERATORS, ("Two*",))) == []
    sop_class = Values(0x00080062, VR.UI, ("1.2.840.10008.5.1.4.1.1.2",))
    assert len(found(connection, sop_class)) == MANY
    assert found(connection, Values(0x00080062, VR.UI, ("1.2",))) == []
    assert found(connection, Values(0x00200011, VR.IS, ("3", "x")), level=Level.SERIES) == [
        "1.2.3.0",
        "1.2.3.1",
    ]


def test_decimals_compare_as_numbers(connection: Connection) -> None:
    for key in ("7", "7.0", "7.00", "0.7E1"):
        assert found(connection, Values(WEIGHT, VR.DS, (key, "x"))) == ["1.2.7"]


def test_d40_as_many_patterns_as_an_identifier_may_have(connection: Connection) -> None:
    half = tuple(f"x{number}?*y" for number in range(MAX_PATTERNS // 2))
    asked: tuple[Condition, ...] = (
        Patterns(0x00080050, VR.SH, half),
        Names(NAME, half),
        *(Patterns(tag, VR.LO, ("*",)) for tag in (0x00081030, 0x00200010, PATIENT_ID)),
        Values(STUDY, VR.UI, tuple(f"1.2.{number}" for number in range(MAX_VALUES))),
    )
    before = len(searching._statements)
    assert found(connection, *asked) == []
    assert found(connection, Names(NAME, half + half)) == []
    assert found(connection, SoundsLike(NAME, tuple(f"n{n}" for n in range(MAX_PATTERNS)))) == []
    assert len(searching._statements) == before


def test_counts_can_be_asked_for(connection: Connection) -> None:
    four = Values(0x00201208, VR.IS, ("4",))
    assert found(connection, four) == [made.study for made in STUDIES if len(made.modalities) == 2]


def test_a_scope_hides_other_studies_and_partitions(connection: Connection) -> None:
    def ids(scope: Scope) -> list[int]:
        return search(Search(scope, Level.STUDY, (), 100, 60), connection)

    assert len(ids(Scope(studies=frozenset({"1.2.1", "1.2.2", "9"})))) == 2
    assert ids(Scope(studies=frozenset())) == []
    assert ids(Scope(partition=2)) == []
    named = (Names(NAME, ("SMITH*",)),)
    assert search(Search(Scope(partition=2), Level.STUDY, named, 100, 60), connection) == []


def test_a_limit(connection: Connection) -> None:
    assert len(search(Search(Scope(), Level.STUDY, (), 5, 60), connection)) == 5


def test_a_list_of_ten_thousand_uids(connection: Connection) -> None:
    wanted = tuple(f"1.2.{number}" for number in range(10_000))
    assert len(found(connection, Values(STUDY, VR.UI, wanted))) == MANY


def test_a_budget(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Search(Scope(), Level.STUDY, (SoundsLike(OPERATORS, ("x",)),), 5, 0.5)
    clock = iter(range(1_000_000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    with pytest.raises(QueryTooCostly, match="budget_s"):
        search(asked, connection)


@pytest.mark.parametrize(
    "condition",
    [
        Patterns(0x00189073, VR.LO, ("x",)),
        HasItem(0x00081032, ()),
        Between(0x00189074, VR.DT, "2026", None),
        BetweenMoments(0x00080022, 0x00080032, None, None),
    ],
)
def test_what_the_index_does_not_know(condition: Condition) -> None:
    assert not knows(condition, Level.INSTANCE)
