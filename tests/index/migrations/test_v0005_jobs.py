from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect

from pacsd.index.migrations import v0005_jobs
from tests.index.migrations import test_v0004_study_versions


def migrated(engine: Engine) -> None:
    test_v0004_study_versions.migrated(engine)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0005_jobs.upgrade()


def test_there_are_jobs() -> None:
    engine = create_engine("sqlite://")
    migrated(engine)
    with engine.begin() as connection:
        assert "job" in inspect(connection).get_table_names()
    engine.dispose()
