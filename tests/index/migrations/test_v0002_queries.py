import re

from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from pacsd.index import schema_records
from pacsd.index.migrations import v0001_first, v0002_queries
from pacsd.index.schema import METADATA


def migrated(engine: Engine, *, patients: tuple[str, ...] = ()) -> None:
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0001_first.upgrade()
        for number, name in enumerate(patients, 1):
            connection.execute(
                text(
                    "INSERT INTO patient (id, partition_id, patient_id, issuer_of_patient_id,"
                    " of_study, patient_name) VALUES (:id, 1, :id, '', '', :name)"
                ),
                {"id": number, "name": name or None},
            )
        v0002_queries.upgrade()


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


def test_names_that_were_there_get_their_sounds() -> None:
    engine = create_engine("sqlite://")
    migrated(engine, patients=("Smith^John", "", "*" * 3))
    with engine.begin() as connection:
        sounds = connection.exec_driver_sql(
            "SELECT patient_name_sounds FROM patient ORDER BY id"
        ).scalars()
        assert sounds.all() == [" j500 s530 ", None, ""]
    engine.dispose()
