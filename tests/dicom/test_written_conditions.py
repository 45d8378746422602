import pytest

from pacsd.dicom.json_source import JsonSource
from pacsd.dicom.matching import matcher
from pacsd.dicom.written_conditions import written_conditions

REQUEST = {"00400275": {"vr": "SQ", "Value": [{"00401001": {"vr": "SH", "Value": ["T7"]}}]}}


def test_a_condition_for_each_attribute_and_how_it_is_written() -> None:
    keys = {"Modality": ["CT", "MR"], "RequestAttributesSequence.RequestedProcedureID": ["T*"]}
    [(modality, said), (request, also)] = written_conditions(keys)
    assert said == "Modality = CT\\MR"
    assert also == "RequestAttributesSequence.RequestedProcedureID = T*"
    source = JsonSource({"00080060": {"vr": "CS", "Value": ["MR"]}, **REQUEST})
    assert matcher([modality])(source)
    assert matcher([request])(source)
    assert not matcher([modality])(JsonSource(REQUEST))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Modalty", "CT", "'Modalty' is no keyword and no tag; did you mean Modality?"),
        ("Modality", "*", "everything matches; leave it out"),
        ("StudyDate", "2020x", "'2020x' is no date"),
        ("PixelData", "1", "no value can be written in VR OW"),
    ],
)
def test_what_cannot_be_matched_is_told(name: str, value: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        list(written_conditions({name: [value]}))
    assert said in str(raised.value)
