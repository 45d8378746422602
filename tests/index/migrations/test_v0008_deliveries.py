import re

from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect

from pacsd.index import schema_deliveries
from pacsd.index.migrations import v0008_deliveries
from pacsd.index.schema import METADATA
from tests.index.migrations import test_v0007_set_aside


def migrated(engine: Engine) -> None:
    test_v0007_set_aside.migrated(engine)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0008_deliveries.upgrade()


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
    assert schema_deliveries.delivery.metadata is METADATA
    raised, made = create_engine("sqlite://"), create_engine("sqlite://")
    migrated(raised)
    METADATA.create_all(made)
    with raised.begin() as connection, made.begin() as other:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert described(connection) == described(other)
    raised.dispose()
    made.dispose()
