"""The version of a database: checked at every open, raised by migrations when it is older.

A database that is current costs one select; Alembic is imported for the others only.
"""

from pathlib import Path

from sqlalchemy import Connection, Inspector, inspect

from pacsd.index.errors import IndexVersionError
from pacsd.index.sqlite import transaction

HEAD = "0008"
"""The version that `schema` describes."""

MIGRATIONS = Path(__file__).parent / "migrations"

_VERSION_TABLE = "alembic_version"
_NEW = ""


def bring_up_to_date(
    connection: Connection, *, head: str = HEAD, migrations: Path = MIGRATIONS
) -> str | None:
    """Raise a database to `head`, within one transaction.

    Returns the version it had: None if it is current, '' if it is new.

    Raises:
        IndexVersionError: it is newer than we are, or not ours; nothing was changed.
    """
    with transaction(connection):
        found = _version(connection)
        if found == head:
            return None
        if found > head:
            raise IndexVersionError(
                found, head, f"the index is of version {found}, this pacsd knows {head} at most"
            )
        _migrate(connection, head, migrations)
        return found


def _version(connection: Connection) -> str:
    tables = inspect(connection)
    if not tables.has_table(_VERSION_TABLE):
        return _version_of_the_empty(tables)
    found = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSION_TABLE}").scalar()  # noqa: S608
    return str(found or _NEW)


def _version_of_the_empty(tables: Inspector) -> str:
    if tables.get_table_names():
        explanation = "the database has tables, but none that says which version of pacsd made it"
        raise IndexVersionError("unknown", HEAD, explanation)
    return _NEW


def _migrate(connection: Connection, head: str, migrations: Path) -> None:
    from alembic.operations import Operations  # noqa: PLC0415 - a quarter second, seldom needed
    from alembic.runtime.migration import MigrationContext, RevisionStep  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory(str(migrations), version_locations=[str(migrations)])

    def steps(revision: str, _: MigrationContext) -> list[RevisionStep]:
        return scripts._upgrade_revs(head, revision)  # noqa: SLF001 - as alembic.command does

    context = MigrationContext.configure(connection, opts={"fn": steps})
    with Operations.context(context):
        context.run_migrations()
