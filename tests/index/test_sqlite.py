import errno
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    bindparam,
    literal,
    select,
)
from sqlalchemy.exc import IntegrityError

from pacsd.index import sqlite
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.sqlite import (
    Durability,
    SqliteFile,
    at_most,
    close,
    driver,
    holds,
    insert_or_add,
    insert_or_ignore,
    insert_or_replace,
    insert_or_set,
    interrupted_at,
    prepared,
    table_bytes,
    transaction,
    translated,
    values_of_list,
)

TABLE = Table("thing", MetaData(), Column("id", Integer, primary_key=True), Column("size", Integer))


@pytest.fixture
def file(tmp_path: Path) -> SqliteFile:
    return SqliteFile(tmp_path / "index.sqlite")


@pytest.fixture
def writer(file: SqliteFile) -> Iterator[Connection]:
    writer = file.connect_writer()
    with transaction(writer):
        TABLE.metadata.create_all(writer)
    yield writer
    close(writer)


def pragma(connection: Connection, name: str) -> object:
    return driver(connection).execute(f"PRAGMA {name}").fetchone()[0]


def put(writer: Connection, *ids: int) -> None:
    with transaction(writer):
        driver(writer).executemany("INSERT INTO thing VALUES (?, 1)", [(each,) for each in ids])


def test_a_long_wal_is_cut_and_no_reader_is_waited_for(
    file: SqliteFile, writer: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "MAX_WAL_BYTES", 0)
    monkeypatch.setattr(sqlite, "_CHECKPOINT_ROWS", 1)
    put(writer, 0)
    file.tend(writer)
    assert file.wal_bytes() == 0
    reader = file.connect_reader()
    statements: list[str] = []
    with transaction(reader):
        driver(reader).execute("SELECT * FROM thing").fetchall()
        put(writer, 1)
        driver(writer).set_trace_callback(statements.append)
        file.tend(writer)
        driver(writer).set_trace_callback(None)
    assert statements[:2] == ["PRAGMA busy_timeout = 0", "PRAGMA wal_checkpoint(TRUNCATE)"]
    assert file.wal_bytes() > 0
    assert pragma(writer, "busy_timeout") == 5_000
    close(reader)
    put(writer, 2)
    file.tend(writer)
    assert file.wal_bytes() == 0


def test_the_writer_alone_checkpoints_and_waits_for_the_disk(
    file: SqliteFile, writer: Connection
) -> None:
    assert pragma(writer, "journal_mode") == "wal"
    assert pragma(writer, "synchronous") == 2
    assert pragma(writer, "foreign_keys") == 1
    assert pragma(writer, "wal_autocheckpoint") == 0
    reader = file.connect_reader()
    assert pragma(reader, "query_only") == 1
    assert pragma(reader, "wal_autocheckpoint") == 0
    assert pragma(reader, "mmap_size") in {0, None}
    close(reader)


def test_relaxed_does_not_wait_for_each_commit(tmp_path: Path) -> None:
    writer = SqliteFile(tmp_path / "index.sqlite", Durability.RELAXED).connect_writer()
    assert pragma(writer, "synchronous") == 1
    close(writer)


def test_the_files_are_their_owner_s_only(file: SqliteFile, writer: Connection) -> None:
    put(writer, 1)
    modes = {stat.S_IMODE(each.stat().st_mode) for each in file.path.parent.iterdir()}
    assert modes == {0o600}


def test_a_reader_cannot_write(file: SqliteFile, writer: Connection) -> None:
    put(writer, 1)
    reader = file.connect_reader()
    with pytest.raises(IndexFault) as raised, transaction(reader):
        reader.exec_driver_sql("DELETE FROM thing")
    assert raised.value.kind is IndexFaultKind.READ_ONLY
    close(reader)


def test_a_reader_sees_one_state_of_the_database(file: SqliteFile, writer: Connection) -> None:
    reader = file.connect_reader()
    with transaction(reader):
        before = reader.exec_driver_sql("SELECT count(*) FROM thing").scalar()
        put(writer, 1, 2)
        assert reader.exec_driver_sql("SELECT count(*) FROM thing").scalar() == before == 0
    close(reader)


def test_a_full_database_is_a_fault_and_nothing_is_visible(writer: Connection) -> None:
    put(writer, 1)
    driver(writer).execute(f"PRAGMA max_page_count = {pragma(writer, 'page_count')}")
    with pytest.raises(IndexFault) as raised:
        put(writer, *range(2, 2_000))
    assert raised.value.kind is IndexFaultKind.NO_SPACE
    assert "SQLITE_FULL" in raised.value.explanation
    driver(writer).execute("PRAGMA max_page_count = 100000")
    put(writer, 2)
    assert writer.exec_driver_sql("SELECT count(*) FROM thing").scalar() == 2


def test_what_is_no_database_is_corrupt(file: SqliteFile) -> None:
    file.path.write_bytes(b"no database, but long enough to be read as one" * 100)
    with pytest.raises(IndexFault) as raised:
        file.connect_writer()
    assert raised.value.kind is IndexFaultKind.CORRUPT


def test_a_folder_that_is_missing_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(IndexFault) as raised:
        SqliteFile(tmp_path / "nowhere" / "index.sqlite").connect_writer()
    assert raised.value.kind is IndexFaultKind.UNREADABLE


def test_a_bug_stays_what_it_is(writer: Connection) -> None:
    put(writer, 1)
    with pytest.raises(sqlite3.IntegrityError), translated():
        put(writer, 1)
    with pytest.raises(IntegrityError), transaction(writer):
        writer.execute(TABLE.insert().values(id=1))


def test_a_medium_s_fault_below_sqlalchemy_is_told_too() -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
    with pytest.raises(IndexFault) as raised, translated():
        raise error
    assert raised.value.kind is IndexFaultKind.INPUT_OUTPUT


def test_messages_hold_no_parameters(writer: Connection) -> None:
    with pytest.raises(IndexFault) as raised, transaction(writer):
        writer.exec_driver_sql("SELECT missing FROM thing WHERE id = ?", ("Doe^Jane",))
    assert "Doe" not in str(raised.value)
    assert "Doe" not in str(raised.value.__cause__)


def test_the_log_is_copied_after_enough_rows(file: SqliteFile, writer: Connection) -> None:
    put(writer, *range(1, 7_000))
    file.tend(writer)
    size_bytes = file.path.stat().st_size
    put(writer, *range(7_000, 9_000))
    assert file.wal_bytes() > 0
    file.tend(writer)
    assert file.path.stat().st_size > size_bytes


def test_a_log_that_grew_too_long_is_cut(
    file: SqliteFile, writer: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pacsd.index.sqlite.MAX_WAL_BYTES", 1)
    put(writer, *range(1, 9_000))
    file.tend(writer)
    assert file.wal_bytes() == 0


def test_a_log_of_unknown_size_troubles_nobody(
    file: SqliteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(path: str) -> object:
        raise OSError(errno.EIO, "test", path)

    monkeypatch.setattr("pacsd.index.sqlite.os.stat", failing)
    assert file.wal_bytes() == 0


def test_a_database_that_was_closed_has_no_log(file: SqliteFile) -> None:
    writer = file.connect_writer()
    with transaction(writer):
        TABLE.metadata.create_all(writer)
    file.close_writer(writer)
    assert [each.name for each in file.path.parent.iterdir()] == ["index.sqlite"]
    assert file.wal_bytes() == 0
    file.remove()
    assert list(file.path.parent.iterdir()) == []


def test_a_row_that_is_there_is_left_or_replaced(writer: Connection) -> None:
    put(writer, 1)
    with transaction(writer):
        for statement in (insert_or_ignore(TABLE), insert_or_replace(TABLE, "size")):
            sql = prepared(statement.values(id=bindparam("id"), size=bindparam("new")))
            assert sql.count("?") == 2
        writer.execute(insert_or_ignore(TABLE).values(id=1, size=5))
        assert writer.exec_driver_sql("SELECT size FROM thing").scalar() == 1
        writer.execute(insert_or_replace(TABLE, "size").values(id=1, size=5))
        assert writer.exec_driver_sql("SELECT size FROM thing").scalar() == 5


def test_a_list_is_one_parameter(writer: Connection) -> None:
    put(writer, 1, 2, 3)
    of_list = values_of_list(bindparam("list"))
    chosen = select(TABLE.c.id).where(TABLE.c.id.in_(of_list)).order_by(TABLE.c.id)
    assert list(writer.execute(chosen, {"list": "[3, 1, 7]"}).scalars()) == [1, 3]
    assert writer.execute(chosen, {"list": "[]"}).all() == []


@pytest.mark.parametrize(
    ("part", "is_held"), [("b%", True), ("B", False), ("_b", False), ("", True)]
)
def test_a_text_holds_another_as_it_stands(writer: Connection, part: str, *, is_held: bool) -> None:
    chosen = select(holds(literal("ab%c"), bindparam("part")))
    assert bool(writer.execute(chosen, {"part": part}).scalar()) is is_held


def test_tables_have_sizes_where_sqlite_can_tell(writer: Connection) -> None:
    put(writer, *range(1, 5_000))
    sizes = table_bytes(writer)
    assert sizes == {} or sizes["thing"] >= 5_000


def test_what_takes_too_long_is_interrupted_and_the_connection_lives(tmp_path: Path) -> None:
    connection = SqliteFile(tmp_path / "index.sqlite").connect_writer()
    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    )
    with pytest.raises(TimeoutError), interrupted_at(connection, time.monotonic() + 0.05):
        driver(connection).execute(endless).fetchone()
    assert driver(connection).execute("SELECT 1").fetchone() == (1,)
    close(connection)


@pytest.mark.parametrize("durability", Durability)
def test_a_commit_is_relaxed_for_a_while(tmp_path: Path, durability: Durability) -> None:
    file = SqliteFile(tmp_path / "index.sqlite", durability)
    writer = file.connect_writer()
    before = pragma(writer, "synchronous")
    with transaction(writer):
        TABLE.metadata.create_all(writer)
    with file.relaxing(writer), transaction(writer):
        assert pragma(writer, "synchronous") == 1
        writer.execute(TABLE.insert().values(id=1))
    assert pragma(writer, "synchronous") == before
    with pytest.raises(ZeroDivisionError), file.relaxing(writer):
        raise ZeroDivisionError
    assert pragma(writer, "synchronous") == before
    close(writer)


def test_a_number_is_added_to_or_set(writer: Connection) -> None:
    added = insert_or_add(TABLE, "size", "id")
    for statement, size in ((added, 3), (added, 4), (insert_or_set(TABLE, ["id"], "size"), 5)):
        with transaction(writer):
            writer.execute(statement.values(id=1, size=size))
            found = writer.execute(select(TABLE.c.size)).scalar()
        assert found == {3: 3, 4: 7, 5: 5}[size]


def test_the_first_rows_have_one_parameter(writer: Connection) -> None:
    put(writer, 1, 2, 3)
    sql = prepared(at_most(select(TABLE.c.id).order_by(TABLE.c.id), bindparam("number")))
    assert driver(writer).execute(sql, (2,)).fetchall() == [(1,), (2,)]
