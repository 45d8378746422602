from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine

from pacsd.index.migrations import v0004_study_versions
from tests.index.migrations import test_v0003_deletions


def migrated(engine: Engine) -> None:
    test_v0003_deletions.migrated(engine)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0004_study_versions.upgrade()


def test_the_last_change_of_a_study_is_found_by_an_index() -> None:
    engine = create_engine("sqlite://")
    migrated(engine)
    last = "SELECT id FROM change WHERE study_row = 1 ORDER BY id DESC LIMIT 1"
    with engine.begin() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {last}").all()
        assert "ix_change_study_row_id" in plan[0][-1]
    engine.dispose()
