"""What is known of a subject: the index goes before the header."""

from dataclasses import replace
from datetime import UTC, datetime

from pacsd.api.events import EventKind
from pacsd.api.matching.known import MODALITIES_IN_STUDY, MODALITY, Known
from pacsd.testing.hook_records import event_subject

BODY_PART = 0x00180015
DESCRIPTION = 0x00081030


def test_what_the_index_has_goes_before_the_header() -> None:
    subject = event_subject({"StudyDescription": "A\\B"}, EventKind.SERIES_QUIET)
    header = b"""{"00081030": {"vr": "LO", "Value": ["C"]},
        "00180015": {"vr": "CS", "Value": ["CHEST"]}}"""
    known = Known(subject)
    assert not known.has_header
    assert (known.texts(DESCRIPTION), known.texts(BODY_PART)) == (["A", "B"], ())
    known = Known(replace(subject, header=header))
    assert known.has_header
    assert (known.texts(DESCRIPTION), known.texts(BODY_PART)) == (["A", "B"], ["CHEST"])


def test_of_a_study_the_modality_is_any_of_those_in_it() -> None:
    known = Known(event_subject({"Modality": "CT\\SR"}))
    assert known.texts(MODALITY) == known.texts(MODALITIES_IN_STUDY) == ["CT", "SR"]


def test_items_are_those_of_the_header() -> None:
    header = b'{"00400275": {"vr": "SQ", "Value": [{}, {}]}}'
    assert len(list(Known(replace(event_subject(), header=header)).items(0x00400275))) == 2
    assert list(Known(event_subject()).items(0x00400275)) == []


def test_when_it_happened() -> None:
    subject = event_subject()
    known = Known(replace(subject, event=replace(subject.event, at_us=1_500_000)))
    assert known.at == datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC)
