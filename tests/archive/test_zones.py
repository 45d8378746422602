"""Dates and times as of another zone, all of an entity or none."""

import pytest

from pacsd.archive.zones import Told, moved, with_companions
from pacsd.dicom.answer import Field

ZONE, DATE, TIME, NAME, BIRTH = 0x00080201, 0x00080020, 0x00080030, 0x00100010, 0x00100030
ACQUIRED, ACQUIRED_AT, STEPS, DATE_TIME = 0x00080022, 0x00080032, 0x00400275, 0x0008002A
STUDY = {ZONE: "+0100", DATE: "20260131", TIME: "233000", NAME: "Smith", BIRTH: "19700101"}
IN_TWO: Told = STUDY | {ZONE: "+0200", DATE: "20260201", TIME: "003000"}


def test_a_date_and_its_time_move_together() -> None:
    assert moved(STUDY, 120) == IN_TWO
    assert moved(STUDY, -210) == STUDY | {ZONE: "-0330", TIME: "190000"}


def test_values_of_headers_move_as_well() -> None:
    header = {ACQUIRED: Field("DA", "20260131"), ACQUIRED_AT: Field("TM", "2330")}
    later = {ACQUIRED: "20260201", ACQUIRED_AT: "003000"}
    told: Told = {**STUDY, **header}
    assert moved(told, 120) == {**IN_TWO, **later}
    in_item: Told = {**STUDY, STEPS: Field("SQ", (header, {NAME: Field("PN", "x")}))}
    found = moved(in_item, 120)
    items = ({tag: Field(header[tag].vr, later[tag]) for tag in header}, {NAME: Field("PN", "x")})
    assert found == {**IN_TWO, STEPS: Field("SQ", items)}


def test_a_datetime_says_the_objects_own_offset() -> None:
    told: Told = {**STUDY, DATE_TIME: Field("DT", "20260131233000\\20260131+0000")}
    content = "20260131233000+0100\\20260131+0000"
    assert moved(told, 120) == {**IN_TWO, DATE_TIME: Field("DT", content)}


@pytest.mark.parametrize(
    "unmovable",
    [
        {TIME: ""},
        {DATE: ""},
        {DATE: "yesterday"},
        {0x00080022: "20260131"},
        {0x0040A121: Field("DA", "20260131")},
        {STEPS: Field("SQ", ({ACQUIRED: Field("DA", "20260131")},))},
        {ZONE: ""},
        {ZONE: "CET"},
    ],
)
def test_what_cannot_be_moved_leaves_all_as_it_is(unmovable: Told) -> None:
    told: Told = {**STUDY, **unmovable}
    assert moved(told, 120) == told


def test_an_entity_that_does_not_say_its_zone_stays_as_it_is() -> None:
    told: Told = {DATE: "20260131", TIME: "233000"}
    assert moved(told, 120) == told


def test_nothing_to_be_moved_is_no_hindrance() -> None:
    empty: Told = {ZONE: "+0100", DATE: "", TIME: "", BIRTH: "19700101"}
    assert moved(empty, 0) == {**empty, ZONE: "+0000"}


def test_a_date_brings_its_time_and_a_time_its_date() -> None:
    assert with_companions([DATE, NAME, ACQUIRED_AT]) == [DATE, TIME, NAME, ACQUIRED_AT, ACQUIRED]
    assert with_companions([DATE, TIME]) == [DATE, TIME]
