"""The tables that say what is stored and where it lies (SQLAlchemy Core, any dialect).

Names: `id` is our own number of a row, `<table>_row` refers to one; everything else is an
attribute's keyword or a fact of ours. Every table carries `partition_id`, except the words that
are the same everywhere (SOP classes, transfer syntaxes, stores). Tables of what happened and of
what is kept beside the archive stand in `schema_records`.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as literal_text

from pacsd.dicom.level import Level
from pacsd.index.attributes import ATTRIBUTES, columns

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite makes a primary key its row number only when it is called INTEGER.
RowId = BigInteger().with_variant(Integer(), "sqlite")
# UIDs, IDs, dates and folded names compare byte by byte, as SQLite does by itself.
BinaryText = Text().with_variant(Text(collation="C"), "postgresql")


def row_id() -> Column[int]:
    """Our own number, made before the insert."""
    return Column("id", RowId, primary_key=True, autoincrement=False)


def partition_id() -> Column[int]:
    """The partition a row belongs to."""
    return Column("partition_id", RowId, ForeignKey("partition.id"), nullable=False)


def reference(table: str, *, is_nullable: bool = False) -> Column[int]:
    """The row of another table."""
    return Column(f"{table}_row", RowId, ForeignKey(f"{table}.id"), nullable=is_nullable)


def text(name: str) -> Column[str]:
    """Text that is there, if empty."""
    return Column(name, BinaryText, nullable=False)


def number(name: str) -> Column[int]:
    """A number, a time in UTC microseconds, or a size."""
    return Column(name, BigInteger, nullable=False)


def attribute_columns(level: Level) -> list[Column[str] | Column[int]]:
    """The columns of a level's indexed attributes; NULL where an attribute has no value."""
    numbers = {each.column for each in ATTRIBUTES[level] if each.is_number}
    return [
        Column[int](name, BigInteger) if name in numbers else Column[str](name, BinaryText)
        for name in columns(level)
    ]


def copy_columns() -> tuple[Column[int] | Column[str] | Column[bytes], ...]:
    """Where a file lies and what is in it."""
    return (
        reference("store"),
        text("location"),
        number("size_bytes"),
        number("data_set_bytes"),
        Column("sha256", LargeBinary, nullable=False),
        reference("transfer_syntax"),
    )


def words(name: str) -> Table:
    """A table of words that stand in many rows, which keep a small number instead."""
    return Table(name, METADATA, row_id(), text("word"), UniqueConstraint("word"))


partition = Table("partition", METADATA, row_id(), text("name"))

sop_class = words("sop_class")
transfer_syntax = words("transfer_syntax")
store = words("store")

# How instances came: one row for each way in, so that an instance needs one small number.
source = Table(
    "source",
    METADATA,
    row_id(),
    partition_id(),
    text("calling_ae"),
    text("called_ae"),
    text("peer_address"),
    text("origin"),
    UniqueConstraint(
        "partition_id", "calling_ae", "called_ae", "peer_address", "origin", name="uq_source_facts"
    ),
)

_HAS_GROUPS = literal_text("instr(patient_name_folded, '=') > 0")

# An empty Patient ID matches nothing: `of_study` then holds the UID of the one study that the
# patient belongs to, and is '' for all others, so that one plain constraint holds for both.
patient = Table(
    "patient",
    METADATA,
    row_id(),
    partition_id(),
    text("patient_id"),
    text("issuer_of_patient_id"),
    text("of_study"),
    Column("merged_into", RowId, ForeignKey("patient.id"), index=True),
    *attribute_columns(Level.PATIENT),
    UniqueConstraint(
        "partition_id", "patient_id", "issuer_of_patient_id", "of_study", name="uq_patient_key"
    ),
    Index(None, "partition_id", "patient_name_folded"),
    # Few names have more than one component group, and all of these must be looked at.
    Index(
        "ix_patient_name_groups",
        "partition_id",
        "patient_name_folded",
        sqlite_where=_HAS_GROUPS,
        postgresql_where=literal_text("position('=' in patient_name_folded) > 0"),
    ),
)

study = Table(
    "study",
    METADATA,
    row_id(),
    partition_id(),
    text("study_instance_uid"),
    reference("patient"),
    *attribute_columns(Level.STUDY),
    UniqueConstraint("partition_id", "study_instance_uid"),
    Index(None, "patient_row"),
    Index(None, "partition_id", "study_date", "study_time"),
    Index(None, "partition_id", "accession_number"),
)

series = Table(
    "series",
    METADATA,
    row_id(),
    partition_id(),
    reference("study"),
    text("series_instance_uid"),
    *attribute_columns(Level.SERIES),
    UniqueConstraint("study_row", "series_instance_uid"),
    Index(None, "partition_id", "series_instance_uid"),
)

instance = Table(
    "instance",
    METADATA,
    row_id(),
    partition_id(),
    reference("series", is_nullable=True),
    reference("sop_class"),
    text("sop_instance_uid"),
    Column("state", SmallInteger, nullable=False),
    reference("source"),
    number("received_at_us"),
    *attribute_columns(Level.INSTANCE),
    UniqueConstraint("partition_id", "sop_instance_uid"),
    # What is shown of a series, and how many there are, is told by the index alone.
    Index(None, "series_row", "state"),
)

# A held instance hangs in no series; this is what it names itself.
held = Table(
    "held",
    METADATA,
    Column("instance_row", RowId, ForeignKey("instance.id"), primary_key=True, autoincrement=False),
    partition_id(),
    text("study_instance_uid"),
    text("series_instance_uid"),
    text("patient_id"),
    text("issuer_of_patient_id"),
    text("attributes"),
    text("extras"),
    Index(None, "partition_id", "study_instance_uid"),
)

_IS_BAD = literal_text("state <> 1")

# One copy of an instance in a store. The key is the table itself, which spares an index.
copy = Table(
    "copy",
    METADATA,
    Column("instance_row", RowId, ForeignKey("instance.id"), primary_key=True, autoincrement=False),
    Column("store_row", RowId, ForeignKey("store.id"), primary_key=True, autoincrement=False),
    partition_id(),
    *copy_columns()[1:],
    Column("state", SmallInteger, nullable=False),
    number("verified_at_us"),
    Index(None, "store_row", "location"),
    Index(None, "verified_at_us"),
    # Few copies are bad, so that looking for these costs nothing.
    Index(None, "state", sqlite_where=_IS_BAD, postgresql_where=_IS_BAD),
    sqlite_with_rowid=False,
)
