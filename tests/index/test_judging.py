import pytest

from pacsd.api.store import Location
from pacsd.index.desks import WriterDesk
from pacsd.index.records import ChangeKind, CopyState, InstanceState, NewInstance, Outcome, Verdict
from tests.index.made import added, new, rows

ONE, OTHER = b"a data set", b"another data set"


@pytest.fixture
def stored(desk: WriterDesk) -> NewInstance:
    first = new("1.1", content=ONE, key="1/first.dcm")
    added(desk, first)
    return first


def judged(desk: WriterDesk, brought: NewInstance) -> Verdict:
    (verdict,) = added(desk, brought)
    return verdict


def set_copy(desk: WriterDesk, state: CopyState) -> None:
    changed = f"UPDATE copy SET state = {state.value}, verified_at_us = 5"  # noqa: S608
    desk.perform(lambda session: session.connection.exec_driver_sql(changed))


def set_state(desk: WriterDesk, state: InstanceState) -> None:
    changed = f"UPDATE instance SET state = {state.value}"  # noqa: S608
    desk.perform(lambda session: session.connection.exec_driver_sql(changed))


def last_change(desk: WriterDesk) -> object:
    return rows(desk, "SELECT kind FROM change ORDER BY id DESC LIMIT 1")[0][0]


@pytest.mark.usefixtures("stored")
class TestTheSameDataSet:
    def test_is_a_duplicate(self, desk: WriterDesk) -> None:
        verdict = judged(desk, new("1.1", content=ONE))
        assert (verdict.outcome, verdict.keeps_file) == (Outcome.DUPLICATE, False)
        assert verdict.existing is not None
        assert verdict.existing.location.key == "1/first.dcm"

    def test_from_the_very_same_file_keeps_the_file(self, desk: WriterDesk) -> None:
        verdict = judged(desk, new("1.1", content=ONE, key="1/first.dcm"))
        assert (verdict.outcome, verdict.keeps_file) == (Outcome.DUPLICATE, True)

    def test_is_one_whatever_patient_and_study_it_is_said_to_have(self, desk: WriterDesk) -> None:
        verdict = judged(desk, new("1.1", content=ONE, study="9", patient_id="P9"))
        assert verdict.outcome is Outcome.DUPLICATE
        assert rows(desk, "SELECT count(*) FROM study") == [(1,)]

    @pytest.mark.parametrize("state", [CopyState.DAMAGED, CopyState.MISSING])
    def test_repairs_a_bad_copy(self, desk: WriterDesk, state: CopyState) -> None:
        set_copy(desk, state)
        verdict = judged(desk, new("1.1", content=ONE, key="1/second.dcm"))
        assert (verdict.outcome, verdict.keeps_file) == (Outcome.REPAIRED, True)
        assert verdict.removable == Location("store_fs", "1/first.dcm", 410)
        assert rows(desk, "SELECT location, state, verified_at_us FROM copy") == [
            ("1/second.dcm", CopyState.OK, 0)
        ]
        assert last_change(desk) == ChangeKind.REPAIRED

    def test_repairs_into_another_store(self, desk: WriterDesk) -> None:
        set_copy(desk, CopyState.DAMAGED)
        verdict = judged(desk, new("1.1", content=ONE, store="other", key="x"))
        assert verdict.outcome is Outcome.REPAIRED
        assert rows(desk, "SELECT word, location FROM copy JOIN store ON store.id = store_row") == [
            ("other", "x")
        ]

    def test_in_the_same_file_is_good_again(self, desk: WriterDesk) -> None:
        set_copy(desk, CopyState.MISSING)
        verdict = judged(desk, new("1.1", content=ONE, key="1/first.dcm"))
        assert (verdict.outcome, verdict.removable) == (Outcome.REPAIRED, None)

    def test_does_not_repair_where_a_good_copy_is_left(self, desk: WriterDesk) -> None:
        set_copy(desk, CopyState.DAMAGED)
        judged(desk, new("1.2", store="other"))
        second = (
            "INSERT INTO copy SELECT instance_row, 2, partition_id, 'b', size_bytes, "
            "data_set_bytes, sha256, transfer_syntax_row, 1, 0 FROM copy WHERE store_row = 1"
        )
        desk.perform(lambda session: session.connection.exec_driver_sql(second))
        verdict = judged(desk, new("1.1", content=ONE))
        assert verdict.outcome is Outcome.DUPLICATE
        assert verdict.existing is not None
        assert verdict.existing.location.key == "b"


@pytest.mark.usefixtures("stored")
class TestADeletedInstance:
    @pytest.fixture(autouse=True)
    def _deleted(self, desk: WriterDesk, stored: NewInstance) -> None:
        assert stored.copy.key == "1/first.dcm"
        set_state(desk, InstanceState.DELETED)

    @pytest.mark.parametrize("content", [ONE, OTHER])
    def test_stays_deleted_unless_its_sender_may_bring_it_back(
        self, desk: WriterDesk, content: bytes
    ) -> None:
        verdict = judged(desk, new("1.1", content=content))
        assert (verdict.outcome, verdict.keeps_file) == (Outcome.REFUSED_DELETED, False)
        assert rows(desk, "SELECT state FROM instance") == [(InstanceState.DELETED,)]
        assert rows(desk, "SELECT count(*) FROM quarantine") == [(0,)]

    def test_is_restored_from_its_own_copy(self, desk: WriterDesk) -> None:
        verdict = judged(desk, new("1.1", content=ONE, restores_deleted=True))
        assert (verdict.outcome, verdict.keeps_file) == (Outcome.RESTORED, False)
        assert rows(desk, "SELECT state FROM instance") == [(InstanceState.LIVE,)]
        assert last_change(desk) == ChangeKind.RESTORED

    def test_is_restored_and_repaired(self, desk: WriterDesk) -> None:
        set_copy(desk, CopyState.MISSING)
        verdict = judged(desk, new("1.1", content=ONE, key="b", restores_deleted=True))
        assert (verdict.outcome, verdict.keeps_file) == (Outcome.RESTORED, True)
        assert verdict.removable == Location("store_fs", "1/first.dcm", 410)
        assert rows(desk, "SELECT location, state FROM copy") == [("b", CopyState.OK)]

    def test_is_not_replaced_by_another_data_set(self, desk: WriterDesk) -> None:
        verdict = judged(desk, new("1.1", content=OTHER, restores_deleted=True))
        assert (verdict.outcome, verdict.keeps_file) == (Outcome.CONFLICT, True)
        assert rows(desk, "SELECT state FROM instance") == [(InstanceState.DELETED,)]


def test_a_held_instance_is_held_again_when_restored(desk: WriterDesk) -> None:
    held = new("1.2", content=ONE, patient_id="P2", restores_deleted=True)
    added(desk, new("1.1"), held)
    set_state(desk, InstanceState.DELETED)
    assert judged(desk, held).outcome is Outcome.RESTORED
    assert rows(desk, "SELECT state FROM instance WHERE sop_instance_uid = '1.2'") == [
        (InstanceState.HELD,)
    ]


def test_another_data_set_is_a_conflict_and_overwrites_nothing(
    desk: WriterDesk, stored: NewInstance
) -> None:
    verdict = judged(desk, new("1.1", content=OTHER, key="1/other.dcm"))
    assert (verdict.outcome, verdict.keeps_file) == (Outcome.CONFLICT, True)
    assert verdict.existing is not None
    assert verdict.existing.sha256 == stored.copy.sha256
    assert rows(desk, "SELECT location FROM copy") == [("1/first.dcm",)]
    assert rows(desk, "SELECT id, location FROM quarantine") == [
        (verdict.quarantined, "1/other.dcm")
    ]
    assert last_change(desk) == ChangeKind.QUARANTINED
