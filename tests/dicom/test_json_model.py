import json
import struct
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.json_model import JsonObject, to_json
from pacsd.dicom.registry import TransferSyntax
from tests.dicom.by_pydicom import UNCOMPRESSED, encoded, keys
from tests.dicom.written import BIG, EXPLICIT, element


def of(data_set: Dataset, syntax: TransferSyntax = EXPLICIT) -> JsonObject:
    return to_json(read_data_set(encoded(data_set, syntax), syntax))


def written(tag: int, vr: str, value: bytes, syntax: TransferSyntax = EXPLICIT) -> Any:
    return to_json(read_data_set(element(tag, vr, value, syntax), syntax))[f"{tag:08X}"]


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
def test_it_is_what_pydicom_makes_of_it(syntax: TransferSyntax) -> None:
    data_set = keys(
        PatientName="Yamada^Tarou",
        StudyDate="20260131",
        StudyInstanceUID="1.2.3",
        InstanceNumber=7,
        PatientWeight=72.5,
        Rows=512,
        ModalitiesInStudy=["CT", "SR"],
        AccessionNumber="",
        FrameIncrementPointer=0x00181063,
        RecommendedDisplayFrameRateInFloat=1.5,
        ProcedureCodeSequence=Sequence([keys(CodeValue="A"), keys(CodeMeaning="B")]),
    )
    assert of(data_set, syntax) == data_set.to_json_dict()
    assert json.loads(json.dumps(of(data_set, syntax))) == of(data_set, syntax)


def test_a_name_by_component_groups() -> None:
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    said: Any = of(keys(SpecificCharacterSet="ISO_IR 192", PatientName=name))
    groups = {
        "Alphabetic": "Yamada^Tarou",
        "Ideographic": "山田^太郎",
        "Phonetic": "やまだ^たろう",
    }
    assert said["00100010"]["Value"] == [groups]


def test_text_is_unicode_whatever_it_was() -> None:
    said: Any = of(keys(SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jörg"))
    assert said["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}
    assert said["00100010"]["Value"] == [{"Alphabetic": "Müller^Jörg"}]


@pytest.mark.parametrize(
    ("vr", "value", "said"),
    [
        ("IS", b"7 ", 7),
        ("IS", b"seven ", "seven"),
        ("DS", b"1.50", 1.5),
        ("DS", b"0.1000000000000000000001", "0.1000000000000000000001"),
        ("DS", b"1e999 ", "1e999"),
        ("DS", b"much", "much"),
        ("FD", struct.pack("<d", float("nan")), "NaN"),
        ("FD", struct.pack("<d", float("inf")), "Infinity"),
        ("FL", struct.pack("<f", float("-inf")), "-Infinity"),
        ("UV", struct.pack("<Q", 5), 5),
        ("UV", struct.pack("<Q", 1 << 60), str(1 << 60)),
        ("AT", struct.pack("<HH", 0x0018, 0x106A), "0018106A"),
    ],
)
def test_values(vr: str, value: bytes, said: object) -> None:
    assert written(0x00091001, vr, value) == {"vr": vr, "Value": [said]}


def test_an_empty_value_keeps_its_place() -> None:
    assert written(0x00080061, "CS", b"CT\\\\SR") == {"vr": "CS", "Value": ["CT", None, "SR"]}


@pytest.mark.parametrize("syntax", [EXPLICIT, BIG])
def test_bytes_are_little_endian(syntax: TransferSyntax) -> None:
    order = "<" if syntax is EXPLICIT else ">"
    said = written(0x00091001, "OW", struct.pack(order + "HH", 1, 2), syntax)
    assert said == {"vr": "OW", "InlineBinary": "AQACAA=="}
    assert written(0x00091001, "OB", b"", syntax) == {"vr": "OB"}


def test_group_lengths_and_meta_information_are_left_out() -> None:
    raw = element(0x00020010, "UI", b"1.2\0") + element(0x00080000, "UL", bytes(4))
    assert to_json(read_data_set(raw, EXPLICIT)) == {}


def test_a_sequence_without_items_has_no_value() -> None:
    assert of(keys(ReferencedStudySequence=Sequence())) == {"00081110": {"vr": "SQ"}}
