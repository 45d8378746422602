"""What of the index's answer may leave, and from which copy."""

from dataclasses import replace

import pytest

from pacsd.api.store import Location
from pacsd.archive.retrievable import may_leave, retrievable
from pacsd.dicom.level import Level
from pacsd.index.overlay_records import Overlay
from pacsd.index.records import Copy, CopyState, InstanceState, StoredInstance

EXPLICIT, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"
GOOD = Copy(7, Location("fast", "1", 600), 200, bytes(32), EXPLICIT, CopyState.OK, 0)
DAMAGED = Copy(7, Location("slow", "2", 500), 100, bytes(32), DEFLATED, CopyState.DAMAGED, 0)
STORED = StoredInstance(
    7, 1, InstanceState.LIVE, "1.2.3", "1.2.3.4", "1.2", "1.2.1", "P1", "", 0, (DAMAGED, GOOD)
)


def test_the_best_copy_says_how_an_instance_is_stored() -> None:
    found = retrievable(STORED, None)
    assert found.copies == (GOOD, DAMAGED)
    assert (found.transfer_syntax_uid, found.data_set_bytes) == (EXPLICIT, 200)
    assert not found.is_corrected


def test_what_was_corrected_leaves_with_it() -> None:
    name = 0x00100010
    overlay = Overlay(
        1, Level.PATIENT, name, "Doe", "Roe", "somebody", "why", 1_700_000_000_000_000
    )
    found = retrievable(STORED, {name: overlay})
    assert found.is_corrected
    [value] = found.corrections
    assert (value.tag, value.value, value.moment) == (name, "Roe", "20231114221320.000000+0000")


@pytest.mark.parametrize("state", InstanceState)
def test_only_what_lives_leaves(state: InstanceState) -> None:
    assert may_leave(replace(STORED, state=state)) is (state is InstanceState.LIVE)


def test_nothing_leaves_without_a_copy() -> None:
    assert not may_leave(replace(STORED, copies=()))


def test_its_number_is_that_of_the_index() -> None:
    assert retrievable(replace(STORED, id=7), None).number == 7
