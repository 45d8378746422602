"""Criteria: what has to hold, what a subject has there, and that nobody knows yet."""

from dataclasses import replace
from datetime import UTC

import pytest

from pacsd.api.events import EventKind
from pacsd.api.matching import criteria
from pacsd.api.matching.criteria import Criterion
from pacsd.api.matching.known import Answer, Known
from pacsd.api.windows import parse_window
from pacsd.testing.hook_records import event_subject

REQUEST = b"""{"00400275": {"vr": "SQ", "Value": [
    {"00401001": {"vr": "SH", "Value": ["T7"]}, "00400009": {"vr": "SH", "Value": ["S1"]}},
    {"00401001": {"vr": "SH", "Value": ["X1"]}, "00400009": {"vr": "SH", "Value": ["S2"]}}]},
    "00180050": {"vr": "DS", "Value": [2.5]}}"""


def known(header: bytes | None = None, **attributes: str) -> Known:
    subject = event_subject(attributes, EventKind.SERIES_QUIET)
    return Known(replace(subject, size_bytes=100, labels=("urgent", "research 1"), header=header))


def one(**keys: str) -> Criterion:
    [criterion] = criteria.matching({name: (value,) for name, value in keys.items()})
    return criterion


@pytest.mark.parametrize(
    ("name", "values", "is_so"),
    [
        ("StudyDescription", ["*CHEST*"], True),
        ("StudyDescription", ["CHEST"], False),
        ("StudyDescription", ["HEAD", "CT?CHEST"], True),
        ("StudyDate", ["20200101-"], True),
        ("StudyDate", ["-20200101"], False),
        ("PatientName", ["doe^j*"], True),
        ("StudyInstanceUID", ["1.2", "1.2.3.4"], False),
        ("(0008,1030)", ["CT CHEST"], True),
        ("InstitutionName", ['""'], None),
        ("SliceThickness", ["2.50"], None),
    ],
)
def test_attributes_match_as_keys_of_a_c_find_do(
    name: str, values: list[str], is_so: bool | None
) -> None:
    subject = {"StudyDescription": "CT CHEST", "StudyDate": "20240101", "PatientName": "Doe^Jane"}
    [criterion] = criteria.matching({name: values})
    answers = {True: Answer.YES, False: Answer.NO, None: Answer.UNKNOWN}
    assert criterion.answer(known(None, **subject)) is answers[is_so]
    with_header = criterion.answer(known(REQUEST, **subject))
    assert with_header is answers[is_so is not False]


def test_keys_of_one_sequence_match_in_one_item() -> None:
    name = "RequestAttributesSequence"
    both = {f"{name}.RequestedProcedureID": "T*", f"{name}.ScheduledProcedureStepID": "S1"}
    assert one(**both).answer(known(REQUEST)) is Answer.YES
    across = both | {f"{name}.ScheduledProcedureStepID": "S2"}
    assert one(**across).answer(known(REQUEST)) is Answer.NO
    assert one(**across).answer(known()) is Answer.UNKNOWN
    assert one(**both).what == (
        "RequestAttributesSequence.RequestedProcedureID = T* and "
        "RequestAttributesSequence.ScheduledProcedureStepID = S1"
    )
    assert one(**across).told(known(REQUEST)) == "RequestAttributesSequence has 2 items"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"Modalty": "CT"}, "'Modalty' is no keyword and no tag; did you mean Modality?"),
        ({"Modality": ""}, "Modality: everything matches; leave it out"),
        ({"Modality": "*"}, "Modality: everything matches; leave it out"),
        ({"StudyDate": "2020x"}, "'2020x' is no date"),
        ({"PixelData": "1"}, "PixelData: no value can be written in VR OW"),
        ({"Modality.CodeValue": "1"}, "Modality: VR CS, which has no items"),
        ({"RequestAttributesSequence": "1"}, "RequestAttributesSequence: a sequence"),
    ],
)
def test_what_cannot_be_matched_is_told(keys: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        one(**keys)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("thickness", "header", "answer"),
    [
        ("2.5", REQUEST, Answer.NO),
        ("3", REQUEST, Answer.YES),
        ("2.5", None, Answer.UNKNOWN),
    ],
)
def test_all_of_it_together_must_not_match(
    thickness: str, header: bytes | None, answer: Answer
) -> None:
    unless = criteria.not_matching({"Modality": ("CT",), "SliceThickness": (thickness,)})
    assert unless.answer(known(header, Modality="CT")) is answer
    assert unless.answer(known(header, Modality="MR")) is Answer.YES
    assert unless.what == f"unless Modality = CT and SliceThickness = {thickness}"
    assert unless.told(known(REQUEST, Modality="CT")) == "Modality is CT, SliceThickness is 2.5"


def test_ae_titles_fit_one_of_the_patterns() -> None:
    for patterns, answer in ((["MR*", "C?1"], Answer.YES), (["CT"], Answer.NO)):
        title = criteria.ae_title("from", patterns, lambda each: each.subject.reception.calling_ae)
        assert title.answer(known()) is answer
        assert title.told(known()) == "is CT1"


def test_the_study_has_all_of_the_labels() -> None:
    assert criteria.labels(["urgent"]).answer(known()) is Answer.YES
    both = criteria.labels(["urgent", "research*"])
    assert both.answer(known()) is Answer.YES
    assert both.told(known()) == "are urgent, research 1"
    assert criteria.labels(["urgent", "teaching"]).answer(known()) is Answer.NO


@pytest.mark.parametrize(
    ("least", "most", "answer"),
    [(100, None, Answer.YES), (101, None, Answer.NO), (0, 100, Answer.YES), (0, 99, Answer.NO)],
)
def test_it_is_so_large(least: int, most: int | None, answer: Answer) -> None:
    size = criteria.size(least, most)
    assert size.answer(known()) is answer
    assert size.told(known()) == "is 100"


def test_it_happened_at_such_a_time() -> None:
    # 2023-11-14 22:13:20 UTC, a Tuesday.
    for text, answer in (("tue 22:00-23:00", Answer.YES), ("sat 00:00-24:00", Answer.NO)):
        during = criteria.during(text, parse_window(text), UTC)
        assert during.answer(known()) is answer
        assert during.told(known()) == "was Tue 22:13"


def test_of_one_subject_it_is_looked_at_once() -> None:
    asked: list[Known] = []

    def is_so(subject: Known) -> Answer:
        asked.append(subject)
        return Answer.YES

    criterion, subject = Criterion("x", is_so, lambda _: ""), known()
    assert criterion.answer(subject) is criterion.answer(subject) is Answer.YES
    assert asked == [subject]
