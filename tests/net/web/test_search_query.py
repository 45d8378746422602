"""A search over the web, as the query that C-FIND asks."""

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsd.dicom.level import Level
from pacsd.dicom.query import Names, Query, SoundsLike, Values
from pacsd.dicom.vr import VR
from pacsd.dicomweb.errors import BadRequest
from pacsd.dicomweb.parameters import search_parameters
from pacsd.dicomweb.targets import Kind, Target, target_of
from pacsd.net.web import search_query
from pacsd.net.web.search_query import WebQuery, web_query

STUDY, SERIES, NAME = 0x0020000D, 0x0020000E, 0x00100010
URL, AVAILABILITY, REQUEST, STEP = 0x00081190, 0x00080056, 0x00400275, 0x00400009


def asked(path: str, query: str = "", *told: tuple[int, ...]) -> WebQuery:
    target = target_of(path)
    assert target is not None
    return web_query(target, search_parameters(query), told, names_are_exact=False)


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("/studies", Level.STUDY),
        ("/series", Level.SERIES),
        ("/instances", Level.INSTANCE),
        ("/studies/1.2/series", Level.SERIES),
        ("/studies/1.2/series/1.3/instances", Level.INSTANCE),
    ],
)
def test_levels(path: str, level: Level) -> None:
    assert asked(path).query.level is level


def test_the_path_is_a_condition() -> None:
    query = asked("/studies/1.2/series/1.3/instances").query
    assert query.conditions == (
        Values(STUDY, VR.UI, ("1.2",)),
        Values(SERIES, VR.UI, ("1.3",)),
    )


def test_values_are_conditions_and_told() -> None:
    query = asked("/studies", "PatientName=a*&StudyInstanceUID=1.2,1.3").query
    assert Values(STUDY, VR.UI, ("1.2", "1.3")) in query.conditions
    assert any(isinstance(each, Names) for each in query.conditions)
    assert {key.tag for key in query.returned} >= {NAME, STUDY}


def test_fuzzy() -> None:
    plain: Query = asked("/studies", "PatientName=Meier").query
    fuzzy = asked("/studies", "PatientName=Meier&fuzzymatching=true").query
    assert not any(isinstance(each, SoundsLike) for each in plain.conditions)
    assert any(isinstance(each, SoundsLike) for each in fuzzy.conditions)


def test_what_is_told_anyway_is_not_looked_up() -> None:
    query = asked("/studies", "", (URL,), (AVAILABILITY,), (NAME,)).query
    assert NAME in {key.tag for key in query.returned}
    assert {URL, AVAILABILITY}.isdisjoint(key.tag for key in query.returned)
    assert query.conditions == ()


def test_attributes_within_sequences_share_their_sequence() -> None:
    query = asked("/series", "includefield=00400275.00400007", (REQUEST, STEP)).query
    (key,) = (key for key in query.returned if key.tag == REQUEST)
    assert [inner.tag for inner in key.keys] == [0x00400007, STEP]


def test_all() -> None:
    plain = {key.tag for key in asked("/instances").query.returned}
    everything = {key.tag for key in asked("/instances", "includefield=all").query.returned}
    assert len(everything) > len(plain) + 50
    assert {NAME, 0x00080060, 0x00081030} <= everything


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/studies/1.2/series", "StudyInstanceUID=1.3"),
        ("/studies/1.2/series/1.3/instances", "SeriesInstanceUID=1.2"),
        ("/studies", "StudyDate=today"),
    ],
)
def test_what_cannot_be_asked(path: str, query: str) -> None:
    with pytest.raises(BadRequest):
        asked(path, query)


def test_saying_the_same_twice_is_no_contradiction() -> None:
    target = Target(Kind.STUDYS_SERIES, "1.2")
    query = search_parameters("StudyInstanceUID=1.2")
    found = web_query(target, query, (), names_are_exact=True).query
    assert found.conditions == (Values(STUDY, VR.UI, ("1.2",)),)


KEYS = st.sampled_from(
    ["PatientName", "PatientID", "StudyDate", "StudyTime", "00091001", "Modality"]
)
VALUES = st.sampled_from(["", "*", "A*", "20200101-", "1", "1.2,1.3", "%C3%84", '""'])
INCLUDED = st.sampled_from(
    [
        "StudyDescription",
        "00091002",
        "all",
        "00400275",
        "00400275.00400007",
        "PatientName",
        "00081190",
    ]
)


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(["/studies", "/series", "/studies/1.2/series/1.3/instances"]),
    st.dictionaries(KEYS, VALUES, max_size=4),
    st.lists(INCLUDED, max_size=3),
    st.booleans(),
)
def test_keys_apart_from_values_make_the_same_query(
    path: str, matched: dict[str, str], included: list[str], fuzzy: bool
) -> None:
    pairs = [*matched.items(), *(("includefield", each) for each in included)]
    pairs.append(("fuzzymatching", str(fuzzy).lower()))
    query = "&".join(f"{name}={value}" for name, value in pairs)
    told = ((URL,), (NAME,), (REQUEST, STEP))
    found = outcome(path, query, told)
    with patch.object(search_query, "_has_inner", return_value=True):
        assert outcome(path, query, told) == found


def outcome(path: str, query: str, told: tuple[tuple[int, ...], ...]) -> WebQuery | str:
    """The query, or why it cannot be asked."""
    try:
        return asked(path, query, *told)
    except BadRequest as error:
        return str(error)
