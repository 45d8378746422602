"""The tables of deliveries: what is to be sent where, and what became of it (see `schema`).

They name what they are about by UIDs: what was sent stays provable when it is gone from here.
"""

from sqlalchemy import Column, Index, LargeBinary, SmallInteger, Table, UniqueConstraint
from sqlalchemy import text as literal_text

from pacsd.index.schema import METADATA, BinaryText, RowId, number, partition_id, row_id, text

_HAS_ENDED = literal_text("state >= 2")
_IS_WAITING = literal_text("state = 1")

# One for each rule, target and study. `covered` is the number of the last change that asked for it,
# `confirmed` that up to which all it asked for has come to an end.
delivery = Table(
    "delivery",
    METADATA,
    row_id(),
    partition_id(),
    text("plugin"),
    text("rule"),
    text("target"),
    text("study_instance_uid"),
    text("reason"),
    text("coercion"),
    Column("priority", SmallInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    number("covered"),
    number("confirmed"),
    number("waiting"),
    number("delivered"),
    number("refused"),
    number("created_at_us"),
    number("changed_at_us"),
    text("explanation"),
    UniqueConstraint(
        "partition_id",
        "study_instance_uid",
        "target",
        "plugin",
        "rule",
        name="uq_delivery_key",
    ),
    Index(None, "target"),
    Index(
        "ix_delivery_ended",
        "changed_at_us",
        sqlite_where=_HAS_ENDED,
        postgresql_where=_HAS_ENDED,
    ),
)

# One for each of its instances. `number` is that of the instance, by which they go in the order of
# arrival; `run` marks what was tried in one attempt at the delivery.
delivery_item = Table(
    "delivery_item",
    METADATA,
    Column("delivery_row", RowId, primary_key=True, autoincrement=False),
    Column("sop_instance_uid", BinaryText, primary_key=True),
    partition_id(),
    text("series_instance_uid"),
    number("number"),
    Column("sha256", LargeBinary, nullable=False),
    number("size_bytes"),
    Column("state", SmallInteger, nullable=False),
    number("attempts"),
    number("run"),
    text("status"),
    text("explanation"),
    number("sent_at_us"),
    Column("commitment", SmallInteger, nullable=False),
    number("committed_at_us"),
    Index(
        "ix_delivery_item_waiting",
        "delivery_row",
        "attempts",
        "number",
        sqlite_where=_IS_WAITING,
        postgresql_where=_IS_WAITING,
    ),
    sqlite_with_rowid=False,
)

# Targets to which nothing is sent until somebody says so.
paused_target = Table(
    "paused_target",
    METADATA,
    partition_id(),
    text("target"),
    text("actor"),
    number("paused_at_us"),
    UniqueConstraint("partition_id", "target"),
)
