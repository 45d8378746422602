from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect

from pacsd.index.migrations import v0006_labels
from tests.index.migrations import test_v0005_jobs


def migrated(engine: Engine) -> None:
    test_v0005_jobs.migrated(engine)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0006_labels.upgrade()


def test_studies_have_labels() -> None:
    engine = create_engine("sqlite://")
    migrated(engine)
    assert "study_label" in inspect(engine).get_table_names()
    engine.dispose()
