from dataclasses import replace

import pytest

from pacsd.index.looked_up import LookedUp
from pacsd.index.records import InstanceState, StoredInstance

FOUND = StoredInstance(
    id=7,
    partition=1,
    state=InstanceState.LIVE,
    sop_class_uid="1.2",
    sop_instance_uid="1.2.3",
    study_instance_uid="1",
    series_instance_uid="1.1",
    patient_id="P1",
    issuer_of_patient_id="",
    received_at_us=0,
    copies=(),
)


class Altered:
    """Counts as a writer does."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        return self.count


@pytest.fixture
def altered() -> Altered:
    return Altered()


def test_it_remembers_by_partition_and_uid(altered: Altered) -> None:
    known = LookedUp(altered)
    known.put(1, [FOUND], known.now())
    assert known.get(1, "1.2.3") is FOUND
    assert known.get(2, "1.2.3") is None
    assert known.get(1, "1.2.4") is None


def test_once_something_is_altered_all_is_looked_up_again(altered: Altered) -> None:
    known = LookedUp(altered)
    known.put(1, [FOUND], known.now())
    altered.count += 1
    assert known.get(1, "1.2.3") is None


def test_what_was_altered_during_the_look_up_is_not_remembered(altered: Altered) -> None:
    known = LookedUp(altered)
    before = known.now()
    altered.count += 1
    known.put(1, [FOUND], before)
    assert known.get(1, "1.2.3") is None


def test_it_has_a_bound(altered: Altered) -> None:
    known = LookedUp(altered, capacity=2)
    uids = ["1.1", "1.2", "1.3"]
    known.put(1, [replace(FOUND, sop_instance_uid=uid) for uid in uids], known.now())
    assert [known.get(1, uid) is None for uid in uids] == [True, False, False]
