import re

from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect

from pacsd.index import schema_records
from pacsd.index.migrations import v0001_first, v0002_queries, v0003_deletions
from pacsd.index.schema import METADATA

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


def described(connection: Connection) -> dict[str, object]:
    """Every table and index; a column that was added later stands at the end of its table."""
    found = inspect(connection)
    indexes = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
    )
    facts: dict[str, object] = {name: re.sub(r"\s+", " ", sql) for name, sql in indexes}
    for table in METADATA.tables:
        facts[table] = (
            sorted(
                (column["name"], str(column["type"]), column["nullable"])
                for column in found.get_columns(table)
            ),
            found.get_pk_constraint(table),
            sorted(str(key) for key in found.get_foreign_keys(table)),
            sorted(str(key) for key in found.get_unique_constraints(table)),
        )
    return facts


def test_the_migrations_make_what_the_schema_describes() -> None:
    assert schema_records.change.metadata is METADATA
    raised, made = create_engine("sqlite://"), create_engine("sqlite://")
    migrated(raised)
    METADATA.create_all(made)
    with raised.begin() as connection, made.begin() as other:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert described(connection) == described(other)
    raised.dispose()
    made.dispose()


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
