import re

from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine

from pacsd.index import schema_records
from pacsd.index.migrations import v0001_first
from pacsd.index.schema import METADATA


def created(connection: Connection) -> dict[str, list[str]]:
    """What was said to create each thing; the order of a table's constraints does not matter."""
    found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {
        name: sorted(re.sub(r"[\s,]+$", "", line.strip()) for line in sql.splitlines())
        for name, sql in found
        if name != "alembic_version"
    }


def test_the_migration_makes_what_the_schema_describes() -> None:
    assert schema_records.change.metadata is METADATA
    migrated, described = create_engine("sqlite://"), create_engine("sqlite://")
    METADATA.create_all(described)
    with migrated.begin() as connection, described.begin() as other:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            v0001_first.upgrade()
        assert compare_metadata(context, METADATA) == []
        assert created(connection) == created(other)
        assert connection.exec_driver_sql("SELECT id FROM partition").scalars().all() == [1]
    migrated.dispose()
    described.dispose()
