"""The tables of what happened, and of what is kept beside the archive (see `schema`)."""

from sqlalchemy import Column, ForeignKey, Index, SmallInteger, Table, UniqueConstraint

from pacsd.index.schema import (
    METADATA,
    BinaryText,
    RowId,
    copy_columns,
    number,
    partition_id,
    reference,
    row_id,
    text,
)

# Versions that are not shown: other data sets under a SOP Instance UID that is taken, and those
# that a plugin had set aside (`aside` says how, '' for others), with what is to be coerced of them.
quarantine = Table(
    "quarantine",
    METADATA,
    row_id(),
    partition_id(),
    text("sop_instance_uid"),
    reference("sop_class"),
    reference("source"),
    number("received_at_us"),
    text("study_instance_uid"),
    text("series_instance_uid"),
    text("patient_id"),
    text("issuer_of_patient_id"),
    *copy_columns(),
    text("attributes"),
    text("extras"),
    text("aside"),
    text("aside_by"),
    text("aside_because"),
    text("coercions"),
    UniqueConstraint("partition_id", "sop_instance_uid", "sha256"),
    Index(None, "store_row", "location"),
)

# Corrections, applied wherever attributes leave; a stored data set is immutable.
overlay = Table(
    "overlay",
    METADATA,
    row_id(),
    partition_id(),
    Column("level", SmallInteger, nullable=False),
    Column("owner_row", RowId, nullable=False),
    number("tag"),
    text("private_creator"),
    Column("old_value", BinaryText),
    Column("new_value", BinaryText),
    text("actor"),
    text("reason"),
    number("at_us"),
    Index(None, "level", "owner_row"),
)

# Why instances are deleted: a row for each decision, as long as an instance hangs on it. `level`
# and `uid` are what it named.
deletion = Table(
    "deletion",
    METADATA,
    row_id(),
    partition_id(),
    number("at_us"),
    text("actor"),
    text("reason"),
    Column("level", SmallInteger, nullable=False),
    text("uid"),
    Index(None, "partition_id", "at_us"),
)

deleted = Table(
    "deleted",
    METADATA,
    Column("instance_row", RowId, ForeignKey("instance.id"), primary_key=True, autoincrement=False),
    partition_id(),
    reference("deletion"),
    Index(None, "deletion_row"),
)

# The outbox. It names rows without referring to them: it outlives what it tells of.
change = Table(
    "change",
    METADATA,
    row_id(),
    partition_id(),
    Column("kind", SmallInteger, nullable=False),
    number("at_us"),
    Column("study_row", RowId),
    Column("series_row", RowId),
    Column("instance_row", RowId),
    Column("quarantine_row", RowId),
    # The last change of a study is its version.
    Index(None, "study_row", "id"),
)

cursor = Table(
    "cursor",
    METADATA,
    Column("partition_id", RowId, primary_key=True, autoincrement=False),
    Column("consumer", BinaryText, primary_key=True),
    text("epoch"),
    number("number"),
)

audit = Table(
    "audit",
    METADATA,
    row_id(),
    partition_id(),
    number("at_us"),
    text("actor"),
    text("peer_address"),
    text("action"),
    text("outcome"),
    text("study_instance_uid"),
    text("detail"),
    Index(None, "partition_id", "study_instance_uid"),
)

# Tags that a user wants indexed beside ours; `reindexed_to` is the last instance an online
# reindex has read.
extra_tag = Table(
    "extra_tag",
    METADATA,
    row_id(),
    partition_id(),
    Column("level", SmallInteger, nullable=False),
    number("tag"),
    text("private_creator"),
    text("vr"),
    Column("state", SmallInteger, nullable=False),
    number("reindexed_to"),
    number("reindexed_before"),
    UniqueConstraint("partition_id", "tag", "private_creator"),
)

# `owner_row` is a patient, study, series or instance, as the tag's level says.
extra_value = Table(
    "extra_value",
    METADATA,
    Column("extra_tag_row", RowId, primary_key=True, autoincrement=False),
    Column("owner_row", RowId, primary_key=True, autoincrement=False),
    partition_id(),
    text("value"),
    Index(None, "extra_tag_row", "value"),
    sqlite_with_rowid=False,
)

# Facts about this database itself.
meta = Table(
    "meta",
    METADATA,
    Column("key", BinaryText, primary_key=True),
    text("value"),
)

EPOCH = "epoch"
"""The key of the epoch of the change log."""

FORGOTTEN = "forgotten_changes"
"""The key of the number up to which changes are not kept any more."""

LOG_POSITION = "state_log_records"
"""The key of how many records of the state log are mirrored."""
