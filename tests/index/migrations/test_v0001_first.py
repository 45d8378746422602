from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from pacsd.index import schema_records
from pacsd.index.migrations import v0001_first
from pacsd.index.schema import METADATA

LATER = {
    "deletion",
    "deleted",
    "delivery",
    "delivery_item",
    "job",
    "job_count",
    "paused_target",
    "plugin_value",
    "quiet",
    "study_label",
}


def test_the_first_version_has_every_table_and_the_default_partition() -> None:
    assert schema_records.change.metadata is METADATA
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            v0001_first.upgrade()
        assert set(inspect(connection).get_table_names()) == set(METADATA.tables) - LATER
        assert connection.exec_driver_sql("SELECT id FROM partition").scalars().all() == [1]
    engine.dispose()
