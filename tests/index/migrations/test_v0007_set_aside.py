from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect

from pacsd.index.migrations import v0007_set_aside
from tests.index.migrations import test_v0006_labels


def migrated(engine: Engine) -> None:
    test_v0006_labels.migrated(engine)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0007_set_aside.upgrade()


def test_what_lies_in_quarantine_says_who_set_it_aside() -> None:
    engine = create_engine("sqlite://")
    migrated(engine)
    names = {column["name"] for column in inspect(engine).get_columns("quarantine")}
    assert {"aside", "aside_by", "aside_because", "coercions"} <= names
    engine.dispose()
