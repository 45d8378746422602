import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from textwrap import dedent

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from pacsd.index.errors import IndexVersionError
from pacsd.index.sqlite import SqliteFile, close, transaction
from pacsd.index.versions import HEAD, MIGRATIONS, bring_up_to_date


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    connection = SqliteFile(tmp_path / "index.sqlite").connect_writer()
    yield connection
    close(connection)


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The migrations of a later pacsd: one more."""
    folder = tmp_path / "migrations"
    copytree(MIGRATIONS, folder)
    text = """
        from alembic import op
        import sqlalchemy as sa
        revision = "9998"
        down_revision = "HEAD"
        def upgrade():
            op.add_column("study", sa.Column("later", sa.Text))
            op.execute("UPDATE partition SET name = 'later'")
        """
    (folder / "v9998_later.py").write_text(dedent(text).replace("HEAD", HEAD))
    return folder


def names(connection: Connection) -> list[str]:
    with transaction(connection):
        return list(connection.exec_driver_sql("SELECT name FROM partition").scalars())


def version(connection: Connection) -> str | None:
    with transaction(connection):
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def test_the_head_is_the_last_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS), version_locations=[str(MIGRATIONS)]).get_heads() == [
        HEAD
    ]


def test_a_new_database_gets_its_tables(connection: Connection) -> None:
    assert bring_up_to_date(connection) == ""
    assert names(connection) == ["default"]
    assert version(connection) == HEAD


def test_a_current_database_stays(connection: Connection) -> None:
    bring_up_to_date(connection)
    assert bring_up_to_date(connection) is None


def test_an_older_database_is_upgraded(connection: Connection, later: Path) -> None:
    bring_up_to_date(connection)
    assert bring_up_to_date(connection, head="9998", migrations=later) == HEAD
    assert names(connection) == ["later"]
    assert version(connection) == "9998"


def test_a_newer_database_is_refused_and_left_as_it_is(connection: Connection, later: Path) -> None:
    bring_up_to_date(connection, head="9998", migrations=later)
    with pytest.raises(IndexVersionError, match=f"version 9998, this pacsd knows {HEAD}") as raised:
        bring_up_to_date(connection)
    assert (raised.value.found, raised.value.known) == ("9998", HEAD)
    assert version(connection) == "9998"


def test_a_database_of_somebody_else_is_refused(connection: Connection) -> None:
    with transaction(connection):
        connection.exec_driver_sql("CREATE TABLE theirs (id INTEGER)")
    with pytest.raises(IndexVersionError, match="has tables"):
        bring_up_to_date(connection)


def test_a_migration_that_fails_leaves_nothing(connection: Connection, later: Path) -> None:
    bring_up_to_date(connection)
    (later / "v9999_fails.py").write_text(
        "from alembic import op\nrevision = '9999'\ndown_revision = '9998'\n"
        "def upgrade():\n    op.execute('INSERT INTO nowhere VALUES (1)')\n"
    )
    with pytest.raises(Exception, match="nowhere"):
        bring_up_to_date(connection, head="9999", migrations=later)
    assert names(connection) == ["default"]
    assert version(connection) == HEAD


def test_a_current_database_does_not_need_alembic(tmp_path: Path) -> None:
    made = SqliteFile(tmp_path / "index.sqlite").connect_writer()
    bring_up_to_date(made)
    close(made)
    code = dedent(f"""
        import sys
        from pathlib import Path
        from pacsd.index.sqlite import SqliteFile
        from pacsd.index.versions import bring_up_to_date
        connection = SqliteFile(Path({str(tmp_path / "index.sqlite")!r})).connect_writer()
        assert bring_up_to_date(connection) is None
        assert "alembic" not in sys.modules
    """)
    subprocess.run([sys.executable, "-c", code], check=True)
