from sqlalchemy import UniqueConstraint

from pacsd.index import schema_records


def test_what_happened_outlives_what_it_tells_of() -> None:
    for table in (schema_records.change, schema_records.audit, schema_records.overlay):
        assert {key.column.table.name for key in table.foreign_keys} == {"partition"}


def test_quarantine_holds_a_version_once() -> None:
    unique = {
        tuple(constraint.columns.keys())
        for constraint in schema_records.quarantine.constraints
        if isinstance(constraint, UniqueConstraint)
    }
    assert unique == {("partition_id", "sop_instance_uid", "sha256")}
