from datetime import timedelta

import pytest
from pacsd_coerce.cleaning import Cleaning, PrivateElement
from pacsd_coerce.keyed import Keyed
from pacsd_coerce.profile import profile_with
from pacsd_coerce.tree import DataSet, Element

from pacsd.dicom.vr import VR
from pacsd.dicom.wildcard import Pattern
from tests.coerced_trees import items, raw, tag, tree

KEY = Keyed(b"0123456789abcdef")


def cleaned(data_set: DataSet, *options: str, descriptions: tuple[str, ...] = ()) -> DataSet:
    safe = frozenset({PrivateElement("ACME 1.0", 0x0029, 0x10)})
    is_safe = "retain-safe-private" in options
    patterns = tuple(map(Pattern, descriptions))
    Cleaning(
        profile_with(options), KEY, timedelta(days=1), patterns, safe if is_safe else frozenset()
    ).clean(data_set)
    return data_set


def test_each_action_does_what_it_says() -> None:
    made = cleaned(
        tree(
            PatientName="A",
            PatientComments="A",
            StudyDate="20260102",
            SOPInstanceUID="1.2",
            Modality="CT",
            OperatorsName="A",
            StationName="A",
            SeriesDate="20260102",
        )
    )
    assert raw(made, "PatientName") == raw(made, "StudyDate") == b""
    assert raw(made, "PatientComments") is None
    assert raw(made, "SOPInstanceUID") == KEY.uid("1.2").encode()
    assert raw(made, "Modality") == b"CT"


def test_sequences_are_cleaned_inside_and_those_that_go_go_whole() -> None:
    inner = tree(ReferencedSOPInstanceUID="1.2", PatientComments="A", Modality="CT")
    made = cleaned(tree(ReferencedImageSequence=[inner], RequestAttributesSequence=[tree()]))
    [item] = items(made, "ReferencedImageSequence")
    assert raw(item, "ReferencedSOPInstanceUID") == KEY.uid("1.2").encode()
    assert raw(item, "PatientComments") is None
    assert raw(item, "Modality") == b"CT"
    assert tag("RequestAttributesSequence") not in made


@pytest.mark.parametrize(
    "number",
    [
        0x00291010,
        0x50003000,
        0x60000010,
        0x60003000,
        0x60203000,
        0xFFFCFFFC,
        0x7FE11010,
        0x00187777,
    ],
)
def test_what_may_say_anything_goes(number: int) -> None:
    assert cleaned({number: Element(VR.OB, b"secret")}) == {}


def test_private_elements_known_to_be_safe_stay_with_their_creator() -> None:
    def private() -> DataSet:
        return {
            0x00290010: Element(VR.LO, b"OTHER"),
            0x00290011: Element(VR.LO, b"ACME 1.0"),
            0x00291010: Element(VR.LO, b"not safe: another creator's"),
            0x00291110: Element(VR.LO, b"safe"),
            0x00291111: Element(VR.LO, b"not safe"),
        }

    assert list(cleaned(private(), "retain-safe-private")) == [0x00290011, 0x00291110]
    assert cleaned(private()) == {}


def test_dates_are_earlier_and_such_as_are_none_go() -> None:
    made = cleaned(
        tree(StudyDate="20260102", SeriesDate="soon", StudyTime="1200", ContentDate="20260103"),
        "modified-dates",
    )
    assert raw(made, "StudyDate") == b"20260101"
    assert raw(made, "SeriesDate") == b"19000101"
    assert raw(made, "StudyTime") == b"1200"
    assert raw(made, "ContentDate") == b"20260102"


def test_descriptions_that_are_known_to_be_harmless_stay() -> None:
    for value, kept in {"CT CHEST": b"CT CHEST", "CT CHEST OF MILLER": None, "": None}.items():
        options = {"descriptions": ("CT CHEST", "MR*")}
        made = cleaned(tree(StudyDescription=value), "clean-descriptors", **options)
        assert (raw(made, "StudyDescription") or None) == kept
