import pytest
from sqlalchemy import select

from pacsd.index import schema
from pacsd.index.desks import WriterDesk
from pacsd.index.records import NewCopy, QuarantinedVersion, Scope, StoredInstance
from pacsd.index.selections import (
    COPIES,
    COPY,
    INSTANCE,
    INSTANCES,
    QUARANTINE,
    QUARANTINED,
    STUDY_OF_INSTANCE,
    copy_of,
    instance_of,
    quarantined_of,
    within,
)
from tests.index.made import CT, added, new


def instances(desk: WriterDesk, scope: Scope) -> list[StoredInstance]:
    chosen = select(*INSTANCE).select_from(INSTANCES).order_by(schema.instance.c.id)
    seen = chosen.where(within(scope, schema.instance.c.partition_id, STUDY_OF_INSTANCE))
    return desk.perform(
        lambda session: [instance_of(row, ()) for row in session.connection.execute(seen)]
    )


def test_an_instance_names_its_study_and_patient_held_or_not(desk: WriterDesk) -> None:
    added(desk, new("1.1", issuer="H"), new("1.2", patient_id="P2"))
    shown, held = instances(desk, Scope())
    assert (shown.sop_class_uid, shown.patient_id, shown.issuer_of_patient_id) == (CT, "P1", "H")
    assert (held.study_instance_uid, held.series_instance_uid) == ("1.2.3", "1.2.3.0")
    assert (held.patient_id, held.issuer_of_patient_id) == ("P2", "")


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (Scope(), ["1.1", "1.2", "9.1"]),
        (Scope(1, frozenset({"1.2.3"})), ["1.1", "1.2"]),
        (Scope(1, frozenset({"9", "8"})), ["9.1"]),
        (Scope(1, frozenset()), []),
        (Scope(2), []),
    ],
)
def test_a_scope_shows_its_studies_only(desk: WriterDesk, scope: Scope, seen: list[str]) -> None:
    added(desk, new("1.1"), new("1.2", patient_id="P2"), new("9.1", study="9", series="9.0"))
    assert [each.sop_instance_uid for each in instances(desk, scope)] == seen


def test_a_copy_comes_back_as_it_was_brought(desk: WriterDesk) -> None:
    brought = new("1.1")
    added(desk, brought)
    (copy,) = desk.perform(
        lambda session: [
            copy_of(row) for row in session.connection.execute(select(*COPY).select_from(COPIES))
        ]
    )
    assert copy.location == brought.copy.location
    assert (copy.sha256, copy.data_set_bytes) == (brought.copy.sha256, 10)


def test_a_version_comes_back_as_it_was_brought(desk: WriterDesk) -> None:
    version = new("1.1", content=b"b", attributes={0x00100010: "Roe^Ann"}, extras={4: "x"})
    added(desk, new("1.1"), version)
    (found,) = desk.perform(
        lambda session: [
            quarantined_of(row)
            for row in session.connection.execute(select(*QUARANTINED).select_from(QUARANTINE))
        ]
    )
    assert found == QuarantinedVersion(found.id, version)
    assert isinstance(found.version.copy, NewCopy)
