from dataclasses import replace

import pytest

from pacsd.archive.causes import cause_of, with_cause
from pacsd.archive.state_records import Action, StateRecord, StateRecordError
from pacsd.dicom.level import Level
from pacsd.index.deletion_records import Cause

RECORD = StateRecord(7, "admin", Action.DELETE, 1, "1.2.3", b"\x01")


@pytest.mark.parametrize("cause", [Cause(9, "why", Level.SERIES, "1.2"), Cause(9)])
def test_there_and_back(cause: Cause) -> None:
    assert cause_of(with_cause(RECORD, cause)) == cause


def test_a_record_that_names_nothing() -> None:
    assert with_cause(RECORD, None) is RECORD
    assert cause_of(RECORD) == Cause(7)
    assert with_cause(RECORD, Cause(9, "why")).level == ""


def test_a_level_of_a_newer_pacsd() -> None:
    with pytest.raises(StateRecordError, match="a newer pacsd wrote it"):
        cause_of(replace(RECORD, level="FRAME"))
