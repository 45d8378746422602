"""DICOM JSON as a source of values to be matched."""

import pytest

from pacsd.dicom.json_source import JsonSource
from pacsd.dicom.matching import matches
from pacsd.dicom.query import HasItem, Missing, Names, Patterns, Values
from pacsd.dicom.vr import VR

HEADER = {
    "00080060": {"vr": "CS", "Value": ["CT"]},
    "00080008": {"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL"]},
    "00081030": {"vr": "LO"},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}]},
    "00180050": {"vr": "DS", "Value": [2.5]},
    "00280010": {"vr": "US", "Value": [512]},
    "7FE00010": {"vr": "OW", "BulkDataURI": "bulkdata/7FE00010"},
    "00400275": {
        "vr": "SQ",
        "Value": [{"00401001": {"vr": "SH", "Value": ["A"]}}, {}],
    },
}


@pytest.mark.parametrize(
    ("tag", "texts"),
    [
        (0x00080060, ["CT"]),
        (0x00080008, ["ORIGINAL", "AXIAL"]),
        (0x00081030, []),
        (0x00100010, ["Yamada^Tarou=山田^太郎"]),
        (0x00180050, ["2.5"]),
        (0x00280010, ["512"]),
        (0x7FE00010, []),
        (0x00100020, []),
    ],
)
def test_values_are_told_as_text(tag: int, texts: list[str]) -> None:
    assert JsonSource(HEADER).texts(tag) == texts


def test_items_are_sources() -> None:
    first, second = JsonSource(HEADER).items(0x00400275)
    assert first.texts(0x00401001) == ["A"]
    assert second.texts(0x00401001) == []
    assert list(JsonSource(HEADER).items(0x00080060)) == []
    assert list(JsonSource(HEADER).items(0x00081140)) == []


@pytest.mark.parametrize(
    "condition",
    [
        Patterns(0x00080060, VR.CS, ("C?",)),
        Values(0x00180050, VR.DS, ("2.50",)),
        Names(0x00100010, ("yamada*",)),
        Missing(0x00081030),
        HasItem(0x00400275, (Patterns(0x00401001, VR.SH, ("A",)),)),
    ],
)
def test_conditions_hold_for_it(condition: Patterns) -> None:
    assert matches([condition], JsonSource(HEADER))
    assert not matches([Patterns(0x00080060, VR.CS, ("MR",))], JsonSource(HEADER))
