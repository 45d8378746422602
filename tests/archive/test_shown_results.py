"""What plugins are shown of matches, and what is told of their answers."""

from dataclasses import replace
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.api.access import Door, Principal, SightRequest
from pacsd.api.query_results import MAX_CHARACTERS, MAX_MATCHES, Attributes
from pacsd.archive.finding import Match
from pacsd.archive.shown_results import NotTold, Page, name_of, pages_of, tag_named
from pacsd.dicom.answer import Field
from pacsd.dicom.level import Level
from pacsd.dicom.query import Query, ReturnKey
from pacsd.dicom.vr import VR

LOOKS = SightRequest(Principal("ann"), Door.DIMSE, "192.0.2.7")
STUDY, NAME, LEVEL, ZONE = 0x0020000D, 0x00100010, 0x00080052, 0x00080201
REQUESTS, ACCESSION, STEP = 0x00400275, 0x00080050, 0x00400007
PRIVATE, ICON_DATA, OVERLAY_ROWS = 0x00091001, 0x7FE00010, 0x60020010
QUERY = Query(
    Level.STUDY,
    (),
    (ReturnKey(STUDY, VR.UI), ReturnKey(NAME, VR.PN), ReturnKey(LEVEL, VR.CS)),
)
ITEM = {ACCESSION: Field("SH", "A1"), PRIVATE: Field("XX", "odd")}
MATCH: Match = {
    STUDY: "1.2",
    NAME: "Doe^Jane",
    ZONE: "+0100",
    REQUESTS: Field("SQ", (ITEM,)),
    PRIVATE: Field("LO", "\u00e9"),
    ICON_DATA: Field("OB", b"\x00\xff"),
    OVERLAY_ROWS: Field("US", "7"),
    0x00081032: "",
}
SHOWN = Attributes(
    {
        "StudyInstanceUID": "1.2",
        "PatientName": "Doe^Jane",
        "(0009,1001)": "\u00e9",
        "PixelData": "AP8=",
        "(6002,0010)": "7",
    },
    {
        "RequestAttributesSequence": (Attributes({"AccessionNumber": "A1", "(0009,1001)": "odd"}),),
        "ProcedureCodeSequence": (),
    },
)


def page_of(*matches: Match) -> Page:
    [page] = pages_of(LOOKS, QUERY, matches)
    return page


def told(changed: Attributes, match: Match = MATCH) -> Match:
    page = page_of(match)
    [one] = page.told(replace(page.shown, matches=(changed,)))
    return one


def test_what_is_shown_is_text_by_keyword() -> None:
    shown = page_of(MATCH).shown
    assert shown.matches == (SHOWN,)
    assert (shown.principal, shown.door, shown.peer_host) == (
        Principal("ann"),
        "dimse",
        "192.0.2.7",
    )
    assert (shown.level, shown.asked) == ("STUDY", ("StudyInstanceUID", "PatientName"))


def test_what_is_left_as_it_is_is_told_as_it_was_found() -> None:
    page = page_of(MATCH, MATCH)
    assert page.told(page.shown) == [MATCH, MATCH]
    assert page.told(page.shown)[0] is MATCH
    values = {name: SHOWN.values[name] for name in reversed([*SHOWN.values])}
    assert told(replace(SHOWN, values={**values, "PatientSex": "O"})) == {
        **MATCH,
        0x00100040: "O",
    }


def test_what_is_left_out_is_told_empty_but_for_what_is_not_shown() -> None:
    assert told(Attributes({"StudyInstanceUID": "1.2"})) == {
        **dict.fromkeys(MATCH, ""),
        STUDY: "1.2",
        ZONE: "+0100",
        REQUESTS: Field("SQ", ()),
        0x00081032: "",
    }


def test_of_a_changed_item_what_stays_keeps_its_vr() -> None:
    item = Attributes({"AccessionNumber": "", "(0009,1001)": "odd", "StudyDate": "20260101"})
    new = Attributes({}, {"ScheduledProtocolCodeSequence": (Attributes({"CodeValue": "1"}),)})
    changed = told(replace(SHOWN, sequences={"RequestAttributesSequence": (item, new)}))
    code = Field("SQ", ({0x00080100: Field("SH", "1")},))
    assert changed[REQUESTS] == Field(
        "SQ",
        (
            {
                ACCESSION: Field("SH", ""),
                PRIVATE: ITEM[PRIVATE],
                0x00080020: Field("DA", "20260101"),
            },
            {0x00400008: code},
        ),
    )


Counts: TypeAlias = list[int]


@pytest.mark.parametrize(
    ("lengths", "pages"),
    [
        ([], []),
        ([1] * (MAX_MATCHES * 2 + 1), [MAX_MATCHES, MAX_MATCHES, 1]),
        ([MAX_CHARACTERS // 2] * 3, [1, 1, 1]),
        ([MAX_CHARACTERS // 4] * 5, [3, 2]),
    ],
)
def test_pages_have_bounds(lengths: Counts, pages: Counts) -> None:
    matches: list[Match] = [{NAME: "x" * length} for length in lengths]
    found = list(pages_of(LOOKS, QUERY, matches))
    assert [len(each.found) for each in found] == pages
    assert [one for each in found for one in each.found] == matches


def test_p04_a_match_that_is_too_long_for_plugins_is_not_told() -> None:
    with pytest.raises(NotTold, match="a match has more than 262144 characters"):
        list(pages_of(LOOKS, QUERY, [{NAME: "x" * MAX_CHARACTERS}]))


def test_names_are_those_of_one_attribute() -> None:
    for tag in (NAME, PRIVATE, OVERLAY_ROWS, ICON_DATA, 0x00090010):
        assert tag_named(name_of(tag)) == tag
    assert tag_named("Nonsense") is None


VALUES = st.dictionaries(st.sampled_from(("PatientName", "PatientSex", "StudyID")), st.text())


@given(VALUES, VALUES)
def test_what_an_answer_says_is_what_is_shown_next(
    found: dict[str, str], answered: dict[str, str]
) -> None:
    match: Match = {tag_named(name) or 0: value for name, value in found.items()}
    again = page_of(told(Attributes(answered), match)).shown.matches[0]
    assert again == Attributes({**dict.fromkeys(found, ""), **answered})
