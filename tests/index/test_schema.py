from sqlalchemy import Column, Table, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from pacsd.dicom.level import Level
from pacsd.index import schema, schema_records
from pacsd.index.attributes import columns
from pacsd.index.schema import METADATA

WITHOUT_PARTITION = {"partition", "sop_class", "transfer_syntax", "store", "meta"}


def test_every_table_carries_its_partition() -> None:
    without = {name for name, table in METADATA.tables.items() if "partition_id" not in table.c}
    assert without == WITHOUT_PARTITION


def test_the_columns_of_a_level_are_made_from_the_table_of_attributes() -> None:
    tables = {
        Level.PATIENT: schema.patient,
        Level.STUDY: schema.study,
        Level.SERIES: schema.series,
        Level.INSTANCE: schema.instance,
    }
    for level, table in tables.items():
        assert tuple(table.c.keys())[-len(columns(level)) :] == columns(level)


def test_text_compares_byte_by_byte_on_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in METADATA.sorted_tables:
        created = str(CreateTable(table).compile(dialect=dialect))
        assert created.count("TEXT") == created.count('TEXT COLLATE "C"')
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))


def test_no_name_is_too_long_for_postgresql() -> None:
    names = [str(each.name) for table in METADATA.sorted_tables for each in table.constraints]
    names += [str(index.name) for table in METADATA.sorted_tables for index in table.indexes]
    assert max(map(len, names)) <= 63


def test_foreign_keys_are_indexed_where_rows_are_deleted() -> None:
    """Deleting an instance must not read every copy."""
    assert next(iter(schema.copy.primary_key)).name == "instance_row"
    assert next(iter(schema.held.primary_key)).name == "instance_row"


def test_texts_are_there_if_empty() -> None:
    optional = [column for column in _texts(schema_records.audit) if column.nullable]
    assert optional == []


def _texts(table: Table) -> list[Column[object]]:
    return [column for column in table.columns if isinstance(column.type, Text)]
