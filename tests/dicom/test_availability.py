import io
from typing import Any

import pytest
from pydicom import dcmread

from pacsd.dicom.availability import AvailableInstance, write_notification
from pacsd.dicom.commitment import Reference
from pacsd.dicom.header_stream import known_syntax
from tests.dicom.test_commitment import CT, SYNTAXES, part10

INSTANCES = [
    AvailableInstance("1.2.1", Reference(CT, "1.2.1.1")),
    AvailableInstance("1.2.2", Reference(CT, "1.2.2.1")),
    AvailableInstance("1.2.1", Reference(CT, "1.2.1.2")),
]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_instances_are_told_by_their_series(syntax: Any) -> None:
    raw = write_notification("1.2", INSTANCES, "PACSD", syntax)
    ds: Any = dcmread(io.BytesIO(part10(syntax.uid, raw)))
    assert ds.StudyInstanceUID == "1.2"
    assert [each.SeriesInstanceUID for each in ds.ReferencedSeriesSequence] == ["1.2.1", "1.2.2"]
    first, second = (each.ReferencedSOPSequence for each in ds.ReferencedSeriesSequence)
    told = [[each.ReferencedSOPInstanceUID for each in some] for some in (first, second)]
    assert told == [["1.2.1.1", "1.2.1.2"], ["1.2.2.1"]]
    for each in (*first, *second):
        assert each.ReferencedSOPClassUID == CT
        assert (each.InstanceAvailability, each.RetrieveAETitle) == ("ONLINE", "PACSD")


def test_nothing_else_is_said() -> None:
    """PS3.4 section R.3.2.1.2 forbids it; no procedure step is an empty sequence of type 2."""
    syntax = known_syntax("1.2.840.10008.1.2.1")
    raw = write_notification("1.2", INSTANCES, "PACSD", syntax)
    ds: Any = dcmread(io.BytesIO(part10(syntax.uid, raw)))
    assert [each.keyword for each in ds] == [
        "ReferencedPerformedProcedureStepSequence",
        "ReferencedSeriesSequence",
        "StudyInstanceUID",
    ]
    assert len(ds.ReferencedPerformedProcedureStepSequence) == 0
