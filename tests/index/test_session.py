from pathlib import Path

from sqlalchemy import bindparam, select

from pacsd.index import schema, schema_records
from pacsd.index.desks import WriterDesk
from pacsd.index.records import ChangeKind
from pacsd.index.session import INSERT_CHANGE, Place, insertion
from pacsd.index.sqlite import insert_or_ignore, prepared
from tests.index.made import added, desk_in, new, rows

NAMES = select(schema.partition.c.name).where(schema.partition.c.id == bindparam("row"))


def test_rows_stand_in_the_order_of_their_columns() -> None:
    for table in schema.METADATA.sorted_tables:
        sql = prepared(insertion(insert_or_ignore(table)))
        columns = sql.partition("(")[2].partition(")")[0].replace('"', "").split(", ")
        assert columns == table.c.keys()


def test_a_statement_is_compiled_once(desk: WriterDesk) -> None:
    assert desk.perform(lambda session: session.fetch(NAMES, 1)) == [("default",)]
    assert desk.perform(lambda session: session.fetch(NAMES, 2)) == []


def test_numbers_rise_and_are_never_given_twice(desk: WriterDesk) -> None:
    first = desk.perform(lambda session: session.take_ids(3))
    assert desk.perform(lambda session: session.take_ids()) == first + 3


def test_numbers_rise_over_a_restart(tmp_path: Path) -> None:
    with desk_in(tmp_path) as desk:
        added(desk, new("1.1"), new("1.2"))
        highest = max(int(str(row[0])) for row in rows(desk, "SELECT max(id) FROM change"))
    with desk_in(tmp_path) as desk:
        assert desk.perform(lambda session: session.take_ids()) > highest


def test_a_change_is_logged(desk: WriterDesk) -> None:
    desk.perform(lambda session: session.log(1, ChangeKind.DISCARDED, Place(3, 4), 5, 6))
    found = rows(
        desk, "SELECT kind, study_row, series_row, instance_row, quarantine_row FROM change"
    )
    assert found == [(6, 3, 4, 5, 6)]
    assert INSERT_CHANGE.table is schema_records.change


def test_nothing_is_written_for_no_rows(desk: WriterDesk) -> None:
    assert desk.perform(lambda session: session.write(INSERT_CHANGE, [])) == 0
