from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

from pacsd.index.migrations import v0001_first, v0002_queries


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


def test_names_that_were_there_get_their_sounds() -> None:
    engine = create_engine("sqlite://")
    migrated(engine, patients=("Smith^John", "", "*" * 3))
    with engine.begin() as connection:
        sounds = connection.exec_driver_sql(
            "SELECT patient_name_sounds FROM patient ORDER BY id"
        ).scalars()
        assert sounds.all() == [" j500 s530 ", None, ""]
    engine.dispose()
