from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect

from pacsd.index.migrations import v0005_jobs
from tests.index.migrations import test_v0004_study_versions


def migrated(engine: Engine) -> None:
    test_v0004_study_versions.migrated(engine)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0005_jobs.upgrade()


def test_jobs_and_what_plugins_keep_have_tables() -> None:
    engine = create_engine("sqlite://")
    migrated(engine)
    tables = {"job", "job_count", "plugin_value", "quiet"}
    assert tables <= {*inspect(engine).get_table_names()}
    engine.dispose()
