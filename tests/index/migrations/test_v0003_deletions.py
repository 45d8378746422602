from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine

from pacsd.index.migrations import v0001_first, v0002_queries, v0003_deletions

INSTANCE = (
    "INSERT INTO instance (id, partition_id, sop_class_row, sop_instance_uid, state, source_row,"
    " received_at_us) VALUES (?, 1, 1, ?, ?, 1, 1)"
)
CHANGE = "INSERT INTO change (id, partition_id, kind, at_us, instance_row) VALUES (?, 1, 8, ?, ?)"


def migrated(engine: Engine, *, deleted: tuple[int, ...] = ()) -> None:
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0001_first.upgrade()
        v0002_queries.upgrade()
        for number in (1, 2, 3):
            state = 4 if number in deleted else 1
            connection.exec_driver_sql(INSTANCE, (number, f"1.{number}", state))
        for number in deleted:
            connection.exec_driver_sql(CHANGE, (number, number * 100, number))
        v0003_deletions.upgrade()


def test_what_is_deleted_already_counts_from_the_last_time() -> None:
    engine = create_engine("sqlite://")
    migrated(engine, deleted=(1, 3))
    with engine.begin() as connection:
        found = connection.exec_driver_sql(
            "SELECT instance_row, at_us, actor, reason, level, uid FROM deleted"
            " JOIN deletion ON deletion_row = deletion.id ORDER BY instance_row"
        ).all()
        assert [tuple(row) for row in found] == [(1, 300, "", "", 4, ""), (3, 300, "", "", 4, "")]
    engine.dispose()


def test_where_nothing_is_deleted_there_is_no_decision() -> None:
    engine = create_engine("sqlite://")
    migrated(engine)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT id FROM deletion").all() == []
    engine.dispose()
