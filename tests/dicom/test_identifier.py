from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from pacsd.dicom.errors import IdentifierError
from pacsd.dicom.identifier import (
    PATIENT_ROOT,
    PATIENT_STUDY_ONLY,
    STUDY_ROOT,
    Asked,
    Manner,
    Model,
    read_instances,
    read_query,
    read_retrieval,
)
from pacsd.dicom.level import Level
from pacsd.dicom.query import (
    Between,
    BetweenMoments,
    Condition,
    HasItem,
    Missing,
    Moment,
    Names,
    Patterns,
    Query,
    ReturnKey,
    SoundsLike,
    Values,
)
from pacsd.dicom.vr import VR
from tests.dicom.by_pydicom import UNCOMPRESSED, encoded, keys
from tests.dicom.written import EXPLICIT, IMPLICIT, element, item, sequence

PATIENT_ID, STUDY, SERIES, INSTANCE = 0x00100020, 0x0020000D, 0x0020000E, 0x00080018
TWO_DAYS = ("20260101", "20260103")
LAST_DAY = Moment("20260205", "")
PLAIN, RELATIONAL = Manner(), Manner(is_relational=True)


def asked(identifier: Dataset, model: Model = STUDY_ROOT, manner: Manner = PLAIN) -> Asked:
    read = [read_query(encoded(identifier, each), each, model, manner) for each in UNCOMPRESSED]
    assert read[0] == read[1] == read[2]
    return read[0]


def implicit(tag: int, value: bytes) -> bytes:
    return element(tag, "UN", value, IMPLICIT)


def condition(manner: Manner = PLAIN, **values: object) -> Condition:
    found = asked(keys(QueryRetrieveLevel="STUDY", **values), manner=manner).query.conditions
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("PatientID", "P1", Patterns(PATIENT_ID, VR.LO, ("P1",))),
        ("PatientID", "P*", Patterns(PATIENT_ID, VR.LO, ("P*",))),
        ("ModalitiesInStudy", ["CT", "MR"], Patterns(0x00080061, VR.CS, ("CT", "MR"))),
        ("StudyInstanceUID", "1.2", Values(STUDY, VR.UI, ("1.2",))),
        ("StudyInstanceUID", ["1.2", "1.3"], Values(STUDY, VR.UI, ("1.2", "1.3"))),
        ("StudyDate", "20260101-", Between(0x00080020, VR.DA, "20260101", None)),
        ("StudyTime", "10", Between(0x00080030, VR.TM, "100000", "105959.999999")),
        ("PatientName", "SMITH*", Names(0x00100010, ("SMITH*",))),
        ("PatientAge", "042Y", Values(0x00101010, VR.AS, ("042Y",))),
        ("AccessionNumber", '""', Missing(0x00080050)),
        (
            "StudyDate",
            ["20260101", "20260103"],
            Values(0x00080020, VR.DA, ("20260101", "20260103")),
        ),
        ("PatientComments", "a\\b*", Patterns(0x00104000, VR.LT, ("a\\b*",))),
    ],
)
def test_each_kind_of_matching(keyword: str, value: object, expected: Condition) -> None:
    found = asked(keys(QueryRetrieveLevel="STUDY", **{keyword: value}))
    assert found.query.conditions == (expected,)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("PatientID", ""), ("PatientID", "*"), ("PatientName", "*^*"), ("StudyInstanceUID", None)],
)
def test_universal_matching_leaves_no_condition(keyword: str, value: object) -> None:
    identifier = keys(QueryRetrieveLevel="STUDY", **{keyword: value})
    found = asked(identifier)
    assert found.query.conditions == ()
    assert len(found.query.returned) == 2


@pytest.mark.parametrize(
    "tag",
    [
        0x00080020, 0x00080030, 0x00080050, 0x00080062, 0x00081030, 0x00100010, 0x00101010,
        0x00101030, 0x0018106A, 0x0020000D, 0x00200013, 0x00201208, 0x00282000, 0x00189074,
    ],
)  # fmt: skip
def test_a_star_alone_is_universal_whatever_the_vr(tag: int) -> None:
    raw = element(0x00080052, "CS", b"STUDY ") + element(tag, "LO", b"* ")
    for manner in (PLAIN, Manner(combines_datetimes=True, adjusts_timezone=True)):
        found = read_query(raw, EXPLICIT, STUDY_ROOT, manner)
        assert (found.query.conditions, found.unmatched) == ((), ())
        # Of numbers in Implicit VR a star and a space are half of one.
        unsaid = implicit(0x00080052, b"STUDY ") + implicit(tag, b"* ")
        assert read_query(unsaid, IMPLICIT, STUDY_ROOT, manner).query.conditions == ()


@pytest.mark.parametrize("value", [b"\\ ", b"\\\\", b"*\\", b"**"])
@pytest.mark.parametrize("tag", [0x00080020, 0x00080030, 0x00100010, PATIENT_ID, STUDY, 0x00200013])
def test_values_of_which_none_says_anything_are_universal(tag: int, value: bytes) -> None:
    raw = implicit(0x00080052, b"STUDY ") + implicit(tag, value)
    for manner in (PLAIN, Manner(combines_datetimes=True, is_fuzzy=True)):
        assert read_query(raw, IMPLICIT, STUDY_ROOT, manner).query.conditions == ()


def test_a_star_is_no_zone_and_no_end_of_a_combined_range() -> None:
    stars = keys(QueryRetrieveLevel="STUDY", StudyTime="1030")
    raw = encoded(stars) + implicit(0x00080201, b"* ")
    found = read_query(raw, IMPLICIT, STUDY_ROOT, Manner(adjusts_timezone=True))
    assert found.offset_minutes is None
    assert [type(each) for each in found.query.conditions] == [Between]


@pytest.mark.parametrize("value", [b"* ", b"1.*", b"1.?2"])
def test_a_star_is_not_the_one_value_that_a_level_needs(value: bytes) -> None:
    raw = implicit(0x00080052, b"SERIES") + implicit(STUDY, value)
    with pytest.raises(IdentifierError, match="one value is needed") as caught:
        read_query(raw, IMPLICIT, STUDY_ROOT, PLAIN)
    assert caught.value.tag == STUDY


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (PATIENT_ID, Patterns(PATIENT_ID, VR.LO, ("1",))),
        (0x00080060, Patterns(0x00080060, VR.CS, ("1",))),
        (0x00200013, Values(0x00200013, VR.IS, ("1",))),
        (STUDY, Values(STUDY, VR.UI, ("1",))),
        (0x00280010, Values(0x00280010, VR.US, ("1",))),
    ],
)
def test_the_dictionary_says_what_vr_a_key_has(tag: int, expected: Condition) -> None:
    raw = element(0x00080052, "CS", b"IMAGE ") + element(tag, "PN", b"1 ")
    found = read_query(raw, EXPLICIT, STUDY_ROOT, RELATIONAL).query
    assert found.conditions == (expected,)
    assert not isinstance(expected, Missing | HasItem | Names | SoundsLike | BetweenMoments)
    assert found.returned[1] == ReturnKey(tag, expected.vr)


def test_of_vrs_that_the_dictionary_leaves_open_the_one_sent_counts() -> None:
    raw = element(0x00080052, "CS", b"IMAGE ") + element(0x00280106, "SS", b"\xff\xff")
    found = read_query(raw, EXPLICIT, STUDY_ROOT, RELATIONAL).query
    assert found.conditions == (Values(0x00280106, VR.SS, ("-1",)),)


def test_a_sequence_that_is_none_and_text_with_items_mean_nothing() -> None:
    head = element(0x00080052, "CS", b"STUDY ")
    text = head + element(0x00081032, "LO", b"x ")
    assert read_query(text, EXPLICIT, STUDY_ROOT, PLAIN).unmatched == (0x00081032,)
    items = head + sequence(PATIENT_ID, item(element(0x00080100, "SH", b"A ")))
    assert read_query(items, EXPLICIT, STUDY_ROOT, PLAIN).unmatched == (PATIENT_ID,)


def test_names_without_letters_have_no_sound_and_match_as_they_are() -> None:
    fuzzy = Manner(is_fuzzy=True)
    assert condition(fuzzy, PatientName="12345") == Names(0x00100010, ("12345",))


def test_names_sound_only_where_that_was_agreed_on_and_no_wildcard_stands() -> None:
    fuzzy = Manner(is_fuzzy=True)
    assert condition(fuzzy, PatientName="Smyth") == SoundsLike(0x00100010, ("Smyth",))
    assert condition(fuzzy, PatientName="Smy*") == Names(0x00100010, ("Smy*",))
    exact = Manner(names_are_exact=True)
    assert condition(exact, PatientName="Smyth") == Names(0x00100010, ("Smyth",), is_exact=True)


def test_dates_and_times_are_combined_only_where_that_was_agreed_on() -> None:
    values = {"StudyDate": "20260101-20260102", "StudyTime": "1000-1200"}
    combined = condition(Manner(combines_datetimes=True), **values)
    low, high = Moment("20260101", "100000"), Moment("20260102", "120059.999999")
    assert combined == BetweenMoments(0x00080020, 0x00080030, low, high)
    apart = asked(keys(QueryRetrieveLevel="STUDY", **values)).query.conditions
    assert [type(each) for each in apart] == [Between, Between]


@pytest.mark.parametrize(
    ("date", "time", "is_one"),
    [
        ("20260101-20260205", "1000-1100", True),
        ("20260101-", "1000-", True),
        ("-20260205", "-1100", True),
        ("20260101-20260205", "1000", False),
        ("20260101-20260205", "1000-", False),
        ("20260101-", "-1100", False),
        ("20260101-", "1000-1100", False),
        ("20260131", "-1100", False),
        ("20260131", "1000", False),
    ],
)
def test_only_ranges_of_the_same_form_are_combined(date: str, time: str, is_one: bool) -> None:
    values = {"StudyDate": date, "StudyTime": time}
    combining = Manner(combines_datetimes=True)
    found = asked(keys(QueryRetrieveLevel="STUDY", **values), manner=combining).query.conditions
    assert [type(each) for each in found] == ([BetweenMoments] if is_one else [Between, Between])
    both = Manner(combines_datetimes=True, adjusts_timezone=True)
    moments = condition(both, TimezoneOffsetFromUTC="+0100", **values)
    assert isinstance(moments, BetweenMoments)
    assert (moments.offset_minutes, moments.is_apart) == (60, not is_one)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        (
            {"StudyDate": "20260101-20260205", "StudyTime": "1000-1100"},
            Moment("20260101", "100000"),
            Moment("20260205", "110059.999999"),
        ),
        ({"StudyTime": "2230"}, Moment("", "223000"), Moment("", "223059.999999")),
        ({"StudyTime": "2230-"}, Moment("", "223000"), None),
        ({"StudyDate": "-20260205", "StudyTime": "2230-"}, Moment("", "223000"), LAST_DAY),
    ],
)
def test_a_zone_alone_combines_nothing(
    values: dict[str, str], low: Moment, high: Moment | None
) -> None:
    found = condition(Manner(adjusts_timezone=True), TimezoneOffsetFromUTC="+0000", **values)
    assert found == BetweenMoments(0x00080020, 0x00080030, low, high, 0, is_apart=True)


@pytest.mark.parametrize(("tag", "keyword"), [(0x00080020, "StudyDate"), (0x00080030, "StudyTime")])
def test_a_date_or_time_that_is_none_is_named_in_a_zone_as_well(tag: int, keyword: str) -> None:
    values = {"StudyDate": "20260101-", "StudyTime": "1000-"} | {keyword: "x"}
    identifier = keys(QueryRetrieveLevel="STUDY", TimezoneOffsetFromUTC="+0100", **values)
    with pytest.raises(IdentifierError) as caught:
        asked(identifier, manner=Manner(adjusts_timezone=True))
    assert caught.value.tag == tag


def test_several_dates_are_not_combined_with_a_time() -> None:
    values = {"StudyDate": [*TWO_DAYS], "StudyTime": "1000"}
    both = Manner(combines_datetimes=True, adjusts_timezone=True)
    identifier = keys(QueryRetrieveLevel="STUDY", TimezoneOffsetFromUTC="+0100", **values)
    found = asked(identifier, manner=both).query.conditions
    assert [type(each) for each in found] == [Values, Between]


def test_a_timezone_is_minded_only_where_that_was_agreed_on() -> None:
    identifier = keys(
        QueryRetrieveLevel="STUDY", StudyDate="20260101", TimezoneOffsetFromUTC="-0330"
    )
    adjusted = asked(identifier, manner=Manner(adjusts_timezone=True))
    assert adjusted.offset_minutes == -210
    day = Moment("20260101", "")
    of_day = BetweenMoments(0x00080020, 0x00080030, day, day, -210, is_apart=True)
    assert adjusted.query.conditions == (of_day,)
    assert asked(identifier).offset_minutes is None


def test_a_datetime_without_offset_is_of_the_zone_that_was_asked_for() -> None:
    adjusting = Manner(adjusts_timezone=True)
    values = {"AcquisitionDateTime": "2026-20260131+0000", "TimezoneOffsetFromUTC": "+0100"}
    expected = Between(0x0008002A, VR.DT, "2026+0100", "20260131+0000")
    assert condition(adjusting, **values) == expected
    item_keys = keys(ScheduledProcedureStepStartDate="20260131", AcquisitionDateTime="2026-")
    inner = condition(
        adjusting, RequestAttributesSequence=[item_keys], TimezoneOffsetFromUTC="+0100"
    )
    assert isinstance(inner, HasItem)
    assert Between(0x0008002A, VR.DT, "2026+0100", None) in inner.conditions


def test_sequences() -> None:
    code = keys(CodeValue="A*", CodeMeaning="")
    found = asked(keys(QueryRetrieveLevel="STUDY", ProcedureCodeSequence=[code])).query
    assert found.conditions == (HasItem(0x00081032, (Patterns(0x00080100, VR.SH, ("A*",)),)),)
    inner = (ReturnKey(0x00080100, VR.SH), ReturnKey(0x00080104, VR.LO))
    assert found.returned[1] == ReturnKey(0x00081032, VR.SQ, inner)
    assert asked(keys(QueryRetrieveLevel="STUDY", ProcedureCodeSequence=[])).query.conditions == ()


def test_text_comes_in_its_character_set() -> None:
    identifier = keys(
        QueryRetrieveLevel="STUDY", SpecificCharacterSet="ISO_IR 144", PatientName="Люк*"
    )
    found = asked(identifier)
    assert found.query.conditions == (Names(0x00100010, ("Люк*",)),)
    assert found.charset.strip() == b"ISO_IR 144"


def test_values_that_mean_nothing_are_told() -> None:
    identifier = keys(QueryRetrieveLevel="STUDY")
    identifier.add_new(0x00282000, "OB", b"\1\2")
    assert asked(identifier).unmatched == (0x00282000,)


@pytest.mark.parametrize(
    ("model", "level", "values", "tag"),
    [
        (STUDY_ROOT, "PATIENT", {}, 0x00080052),
        (STUDY_ROOT, "", {}, 0x00080052),
        (STUDY_ROOT, "Study", {}, 0x00080052),
        (PATIENT_STUDY_ONLY, "SERIES", {"PatientID": "1", "StudyInstanceUID": "1.2"}, 0x00080052),
        (STUDY_ROOT, "SERIES", {}, STUDY),
        (STUDY_ROOT, "SERIES", {"StudyInstanceUID": ["1.2", "1.3"]}, STUDY),
        (STUDY_ROOT, "IMAGE", {"StudyInstanceUID": "1.2"}, SERIES),
        (PATIENT_ROOT, "STUDY", {}, PATIENT_ID),
        (PATIENT_ROOT, "STUDY", {"PatientID": "P*"}, PATIENT_ID),
        (STUDY_ROOT, "STUDY", {"StudyDate": "-"}, 0x00080020),
        (STUDY_ROOT, "STUDY", {"StudyDate": "99999999-0"}, 0x00080020),
        (STUDY_ROOT, "STUDY", {"StudyTime": "25"}, 0x00080030),
    ],
)
def test_what_no_identifier_may_say(
    model: Model, level: str, values: dict[str, object], tag: int
) -> None:
    with pytest.raises(IdentifierError) as caught:
        asked(keys(QueryRetrieveLevel=level, **values), model)
    assert caught.value.tag == tag
    assert str(caught.value).isprintable()


def test_relational_queries_need_no_keys_of_levels_above() -> None:
    found = asked(keys(QueryRetrieveLevel="IMAGE", SOPInstanceUID="1.2"), STUDY_ROOT, RELATIONAL)
    assert found.query.level is Level.INSTANCE
    assert found.query.conditions == (Values(INSTANCE, VR.UI, ("1.2",)),)


def test_a_retrieval_names_instances_by_unique_keys_only() -> None:
    identifier = keys(
        QueryRetrieveLevel="SERIES",
        StudyInstanceUID="1.2",
        SeriesInstanceUID=["1.2.1", "1.2.2"],
        PatientName="ignored",
    )
    found = read_retrieval(encoded(identifier), IMPLICIT, STUDY_ROOT, is_relational=False)
    assert found == Query(
        Level.INSTANCE,
        (Values(STUDY, VR.UI, ("1.2",)), Values(SERIES, VR.UI, ("1.2.1", "1.2.2"))),
    )


@pytest.mark.parametrize(
    ("level", "values"),
    [
        ("STUDY", {}),
        ("STUDY", {"StudyInstanceUID": ""}),
        ("SERIES", {"SeriesInstanceUID": "1.2.1"}),
        ("SERIES", {"StudyInstanceUID": "1.2"}),
    ],
)
def test_a_retrieval_never_means_everything(level: str, values: dict[str, object]) -> None:
    identifier = encoded(keys(QueryRetrieveLevel=level, **values))
    with pytest.raises(IdentifierError):
        read_retrieval(identifier, IMPLICIT, STUDY_ROOT, is_relational=False)


def test_composite_instances_are_named_by_their_uids_alone() -> None:
    identifier = keys(QueryRetrieveLevel="IMAGE", SOPInstanceUID=["1.2", "1.3"])
    expected = Query(Level.INSTANCE, (Values(INSTANCE, VR.UI, ("1.2", "1.3")),))
    assert read_instances(encoded(identifier), IMPLICIT) == expected
    for bad in (keys(QueryRetrieveLevel="FRAME"), keys(QueryRetrieveLevel="IMAGE")):
        with pytest.raises(IdentifierError):
            read_instances(encoded(bad), IMPLICIT)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(raw: bytes) -> None:
    for syntax in UNCOMPRESSED:
        with suppress(IdentifierError):
            read_query(raw, syntax, STUDY_ROOT, RELATIONAL)


@given(st.text(max_size=80))
def test_no_value_breaks_it(value: str) -> None:
    raw = value.encode("utf-8", errors="surrogatepass")[:80]
    raw += b" " * (len(raw) % 2)
    head = b"\x08\0\x52\0CS\x06\0STUDY "
    for tag, vr in ((b"\x10\0\x10\0", b"PN"), (b"\x08\0\x20\0", b"DA"), (b"\x20\0\x0d\0", b"UI")):
        element = tag + vr + len(raw).to_bytes(2, "little") + raw
        with suppress(IdentifierError):
            read_query(head + element, EXPLICIT, STUDY_ROOT, RELATIONAL)


def test_private_creators_stand_beside_the_query() -> None:
    raw = element(0x00080052, "CS", b"STUDY ") + element(0x00090010, "LO", b"ACME 1.1")
    read = read_query(raw + element(0x00091001, "LO", b"a*"), EXPLICIT, STUDY_ROOT, PLAIN)
    assert read.query.creators == {0x00090010: "ACME 1.1"}
    assert Patterns(0x00091001, VR.LO, ("a*",)) in read.query.conditions
