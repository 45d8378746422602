from functools import partial

from pacsd.index.desks import WriterDesk
from pacsd.index.quarantining import QuarantineBounds
from pacsd.index.records import (
    ChangeKind,
    NewInstance,
    Outcome,
    QuarantinedVersion,
    Released,
    Verdict,
)
from pacsd.index.releasing import release, remove_version
from pacsd.index.session import WriteSession
from tests.index.made import BOUNDS, added, new, rows

ATTRIBUTES = {
    0x00100010: "Doe^Jane",
    0x00080020: "20240102",
    0x00080060: "CT",
    0x00200013: "7",
}


def quarantined(desk: WriterDesk, version: NewInstance) -> QuarantinedVersion:
    verdict: Verdict
    (verdict,) = added(desk, version)
    assert verdict.quarantined is not None
    return QuarantinedVersion(verdict.quarantined, version)


def released(
    desk: WriterDesk, version: QuarantinedVersion, bounds: QuarantineBounds = BOUNDS
) -> Released:
    return desk.perform(lambda session: release(session, version, bounds))


def emptying(table: str, session: WriteSession) -> None:
    session.connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608


def test_the_instance_goes_as_it_came(desk: WriterDesk) -> None:
    first = new("1.1", attributes=ATTRIBUTES)
    added(desk, first)
    version = quarantined(desk, new("1.1", content=b"b"))
    result = released(desk, version)
    back = released(desk, QuarantinedVersion(result.superseded or 0, first))
    assert back.verdict.outcome is Outcome.STORED
    assert rows(desk, "SELECT instance_number FROM instance") == [(7,)]
    assert rows(desk, "SELECT count(*) FROM quarantine") == [(1,)]


def test_attributes_of_every_level_are_kept(desk: WriterDesk) -> None:
    added(desk, new("1.1", attributes=ATTRIBUTES))
    released(desk, quarantined(desk, new("1.1", content=b"b")))
    (kept,) = rows(desk, "SELECT attributes FROM quarantine")
    assert kept == ('{"00080020":"20240102","00080060":"CT","00100010":"Doe^Jane","00200013":"7"}',)


def test_a_held_instance_goes_as_it_came(desk: WriterDesk) -> None:
    added(desk, new("1.0"), new("1.1", patient_id="P2", attributes=ATTRIBUTES))
    result = released(desk, quarantined(desk, new("1.1", content=b"b")))
    assert result.verdict.outcome is Outcome.STORED
    assert rows(desk, "SELECT count(*) FROM held") == [(0,)]
    assert rows(desk, "SELECT patient_id FROM quarantine") == [("P2",)]


def test_a_version_may_go_to_another_study_or_be_held(desk: WriterDesk) -> None:
    added(desk, new("1.1"), new("1.2"), new("1.3"))
    elsewhere = new("1.1", content=b"b", study="9", series="9.0")
    assert released(desk, quarantined(desk, elsewhere)).verdict.outcome is Outcome.STORED
    other_patient = new("1.2", content=b"b", patient_id="P2")
    assert released(desk, quarantined(desk, other_patient)).verdict.outcome is Outcome.HELD
    assert rows(desk, "SELECT count(*) FROM instance") == [(3,)]


def test_further_copies_are_left_over(desk: WriterDesk) -> None:
    added(desk, new("1.1"), new("1.2", store="other"))
    second = (
        "INSERT INTO copy SELECT instance_row, 2, partition_id, 'far', size_bytes, data_set_bytes, "
        "sha256, transfer_syntax_row, 2, 0 FROM copy ORDER BY instance_row LIMIT 1"
    )
    desk.perform(lambda session: session.connection.exec_driver_sql(second))
    result = released(desk, quarantined(desk, new("1.1", content=b"b")))
    assert [location.key for location in result.removable] == ["far"]


def test_a_full_quarantine_still_lets_them_change_places(desk: WriterDesk) -> None:
    added(desk, new("1.1"))
    version = quarantined(desk, new("1.1", content=b"b"))
    result = released(desk, version, QuarantineBounds(1, 1))
    assert result.verdict.outcome is Outcome.STORED
    assert rows(desk, "SELECT count(*) FROM quarantine") == [(1,)]


def test_a_version_without_an_instance_is_simply_stored(desk: WriterDesk) -> None:
    added(desk, new("1.1"))
    version = quarantined(desk, new("1.1", content=b"b"))
    for table in ("copy", "instance"):
        desk.perform(partial(emptying, table))
    result = released(desk, version)
    assert (result.verdict.outcome, result.superseded) == (Outcome.STORED, None)


def test_the_instance_s_own_extra_values_go_along(desk: WriterDesk) -> None:
    desk.perform(
        lambda session: session.connection.exec_driver_sql(
            "INSERT INTO extra_tag (id, partition_id, level, tag, private_creator, vr, state, "
            "reindexed_to, reindexed_before) VALUES (1, 1, 4, 1, '', 'LO', 2, 0, 0)"
        )
    )
    added(desk, new("1.1", extras={1: "x"}))
    released(desk, quarantined(desk, new("1.1", content=b"b")))
    assert rows(desk, "SELECT count(*) FROM extra_value") == [(0,)]
    assert rows(desk, "SELECT extras FROM quarantine") == [('{"1":"x"}',)]


def test_a_release_is_logged(desk: WriterDesk) -> None:
    added(desk, new("1.1"))
    result = released(desk, quarantined(desk, new("1.1", content=b"b")))
    assert rows(
        desk,
        "SELECT kind, instance_row, quarantine_row FROM change ORDER BY id DESC LIMIT 1",
    ) == [(ChangeKind.RELEASED, result.verdict.instance, result.superseded)]


def test_a_removed_version_makes_room(desk: WriterDesk) -> None:
    added(desk, new("1.1"))
    version = quarantined(desk, new("1.1", content=b"b"))
    desk.perform(lambda session: remove_version(session, version))
    (verdict,) = added(desk, new("1.1", content=b"c"), bounds=QuarantineBounds(1, 1))
    assert verdict.outcome is Outcome.CONFLICT
