from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from pacsd.index import headers
from pacsd.index.headers import HeaderWriter, read_headers
from pacsd.index.session import NewHeader
from pacsd.index.sqlite import Durability, SqliteFile, close, driver, transaction

FIRST = b"".join(b"(%04d) value" % number for number in range(150))
SECOND = FIRST.replace(b"0042", b"9942")


@pytest.fixture
def file(tmp_path: Path) -> SqliteFile:
    return SqliteFile(tmp_path / "headers.sqlite", Durability.RELAXED)


@pytest.fixture
def writer(file: SqliteFile) -> Iterator[HeaderWriter]:
    writer = HeaderWriter(file, "epoch", 0)
    yield writer
    writer.close()


def read(file: SqliteFile, *instances: int) -> dict[int, bytes]:
    reader = file.connect_reader()
    with transaction(reader):
        found = read_headers(reader, instances)
    close(reader)
    return found


def kept(writer: HeaderWriter, *headers: NewHeader) -> None:
    writer.keep(headers)
    writer.flush()


def connection_of(writer: HeaderWriter) -> Connection:
    assert writer._connection is not None
    return writer._connection


def body_bytes(writer: HeaderWriter, instance: int) -> int:
    select = "SELECT length(body) FROM header WHERE instance_row = ?"
    return int(driver(connection_of(writer)).execute(select, (instance,)).fetchone()[0])


def test_headers_come_back(file: SqliteFile, writer: HeaderWriter) -> None:
    kept(writer, NewHeader(1, 7, FIRST), NewHeader(2, 7, SECOND), NewHeader(3, None, FIRST))
    assert read(file, 1, 2, 3, 4) == {1: FIRST, 2: SECOND, 3: FIRST}
    assert read(file) == {}
    assert writer.failures == 0


def test_a_header_leans_on_the_first_of_its_series(writer: HeaderWriter) -> None:
    kept(writer, NewHeader(1, 7, FIRST), NewHeader(2, 7, SECOND), NewHeader(3, 8, SECOND))
    assert body_bytes(writer, 2) < 60 < body_bytes(writer, 3)


def test_the_first_header_is_found_again_after_a_restart(file: SqliteFile) -> None:
    writer = HeaderWriter(file, "epoch", 0)
    kept(writer, NewHeader(1, 7, FIRST))
    writer.close()
    writer = HeaderWriter(file, "epoch", 1)
    kept(writer, NewHeader(2, 7, SECOND))
    assert body_bytes(writer, 2) < 60
    writer.close()
    assert writer.recreated_because == ""
    assert read(file, 1, 2) == {1: FIRST, 2: SECOND}


def test_a_header_is_replaced(file: SqliteFile, writer: HeaderWriter) -> None:
    kept(writer, NewHeader(1, 7, FIRST))
    kept(writer, NewHeader(1, 7, SECOND))
    assert read(file, 1) == {1: SECOND}


def test_headers_of_numbers_not_given_yet_are_dropped(file: SqliteFile) -> None:
    """An index set back from a backup gives them to other instances."""
    writer = HeaderWriter(file, "epoch", 0)
    kept(writer, NewHeader(1, 7, FIRST), NewHeader(2, 7, SECOND))
    writer.close()
    HeaderWriter(file, "epoch", 1).close()
    assert read(file, 1, 2) == {1: FIRST}


def test_another_index_s_headers_are_thrown_away(file: SqliteFile) -> None:
    writer = HeaderWriter(file, "epoch", 0)
    kept(writer, NewHeader(1, 7, FIRST))
    writer.close()
    writer = HeaderWriter(file, "other", 9)
    assert writer.recreated_because == "it belongs to another index"
    writer.close()
    assert read(file, 1) == {}


@pytest.mark.parametrize("content", [b"no database" * 1_000, b"SQLite format 3\0" + bytes(9_000)])
def test_a_damaged_file_is_made_anew(file: SqliteFile, content: bytes) -> None:
    file.path.write_bytes(content)
    writer = HeaderWriter(file, "epoch", 9)
    assert writer.recreated_because == "it is damaged"
    kept(writer, NewHeader(1, 7, FIRST))
    writer.close()
    assert read(file, 1) == {1: FIRST}


def test_a_write_that_fails_is_counted_and_forgotten(
    file: SqliteFile, writer: HeaderWriter
) -> None:
    driver(connection_of(writer)).execute("PRAGMA max_page_count = 1")
    kept(writer, NewHeader(1, 7, FIRST * 500))
    assert writer.failures == 1
    driver(connection_of(writer)).execute("PRAGMA max_page_count = 10000")
    kept(writer, NewHeader(2, 7, SECOND))
    assert read(file, 1, 2) == {2: SECOND}


def test_a_bug_costs_headers_and_nothing_else(
    file: SqliteFile, writer: HeaderWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(headers, "deflate", lambda *_: 1 // 0)
        kept(writer, NewHeader(1, 7, FIRST))
    assert writer.failures == 1
    kept(writer, NewHeader(2, 7, SECOND))
    assert read(file, 1, 2) == {2: SECOND}


def test_a_file_found_damaged_is_thrown_away_at_the_end(file: SqliteFile) -> None:
    writer = HeaderWriter(file, "epoch", 0)
    for number in range(200):
        kept(writer, NewHeader(number + 1, None, bytes(str(number), "ascii") * 1_000))
    connection = driver(connection_of(writer))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.path.read_bytes())
    content[4_096:] = b"\xa5" * (len(content) - 4_096)
    file.path.write_bytes(content)
    connection.execute("PRAGMA cache_size = 0")
    connection.execute("PRAGMA shrink_memory")
    connection.close()
    writer._connection = file.connect_writer()
    kept(writer, NewHeader(900, 7, FIRST))
    assert writer.failures >= 1
    writer.close()
    assert not file.path.exists()


def test_a_file_that_cannot_be_opened_blocks_nothing(tmp_path: Path) -> None:
    writer = HeaderWriter(SqliteFile(tmp_path / "nowhere" / "h.sqlite"), "epoch", 0)
    kept(
        writer,
    )
    kept(writer, NewHeader(1, 7, FIRST))
    assert writer.failures == 2
    writer.close()


def test_a_header_without_its_first_one_is_missing(file: SqliteFile, writer: HeaderWriter) -> None:
    kept(writer, NewHeader(1, 7, FIRST), NewHeader(2, 7, SECOND))
    driver(connection_of(writer)).execute("DELETE FROM header WHERE instance_row = 1")
    assert read(file, 1, 2) == {}


def test_one_alone_is_what_it_is_among_others(file: SqliteFile, writer: HeaderWriter) -> None:
    kept(writer, NewHeader(1, 7, FIRST), NewHeader(2, 7, SECOND), NewHeader(3, None, FIRST))
    kept(writer, NewHeader(5, 9, FIRST), NewHeader(6, 9, SECOND), NewHeader(8, 9, SECOND))
    below = driver(connection_of(writer))
    below.execute("DELETE FROM header WHERE instance_row = 5")
    below.execute("UPDATE header SET body = X'07FF' WHERE instance_row = 3")
    together = read(file, *range(1, 9))
    assert together == {1: FIRST, 2: SECOND}
    assert [read(file, number) for number in range(1, 9)] == [
        {number: together[number]} if number in together else {} for number in range(1, 9)
    ]


def test_headers_wait_until_there_are_some_to_write(file: SqliteFile, writer: HeaderWriter) -> None:
    headers = [NewHeader(number, 7, SECOND) for number in range(1, 65)]
    writer.keep(headers[:63])
    assert read(file, 1) == {}
    assert writer.waiting[1].header == SECOND
    writer.keep(headers[63:])
    assert writer.waiting == {}
    assert len(read(file, *range(1, 65))) == 64


def test_large_headers_do_not_wait_for_more(writer: HeaderWriter) -> None:
    writer.keep([NewHeader(1, 7, bytes(1024 * 1024))])
    assert writer.waiting == {}
