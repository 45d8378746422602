"""The tables of durable work, and of what waits for a time to pass (see `schema`)."""

from sqlalchemy import Column, Index, LargeBinary, SmallInteger, Table, UniqueConstraint
from sqlalchemy import text as literal_text

from pacsd.index.schema import METADATA, RowId, number, partition_id, reference, row_id, text

_IS_WAITING = literal_text("state = 1")
_IS_LEASED = literal_text("state = 2")
_IS_DEAD = literal_text("state = 4")
_HAS_ENDED = literal_text("state >= 3")
_IS_OPEN_AND_UNIQUE = literal_text("state <= 2 AND unique_key <> ''")
_WAITS_FOR_A_TIME = literal_text("state = 1 AND not_before_us > 0")
_MAY_EXPIRE = literal_text("state = 1 AND expires_at_us > 0")

# What is small comes first: a row whose payload is long is judged without reading it.
job = Table(
    "job",
    METADATA,
    row_id(),
    partition_id(),
    Column("state", SmallInteger, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    text("kind"),
    text("queue"),
    number("attempts"),
    number("max_attempts"),
    number("not_before_us"),
    number("expires_at_us"),
    number("lease_token"),
    number("leased_until_us"),
    number("created_at_us"),
    number("ended_at_us"),
    text("created_by"),
    text("unique_key"),
    text("schedule_window"),
    text("explanation"),
    text("payload"),
    # Who claims goes from queue to queue of a class and kind, and finds the first job of each.
    Index(
        "ix_job_claim",
        "priority",
        "kind",
        "queue",
        "not_before_us",
        "id",
        sqlite_where=_IS_WAITING,
        postgresql_where=_IS_WAITING,
    ),
    Index(
        "ix_job_not_before",
        "not_before_us",
        sqlite_where=_WAITS_FOR_A_TIME,
        postgresql_where=_WAITS_FOR_A_TIME,
    ),
    Index(
        "ix_job_expires_at",
        "expires_at_us",
        sqlite_where=_MAY_EXPIRE,
        postgresql_where=_MAY_EXPIRE,
    ),
    Index(
        "ix_job_leased_until",
        "leased_until_us",
        "partition_id",
        "queue",
        sqlite_where=_IS_LEASED,
        postgresql_where=_IS_LEASED,
    ),
    # Dead letters are what people look for.
    Index("ix_job_dead", "queue", "id", sqlite_where=_IS_DEAD, postgresql_where=_IS_DEAD),
    Index("ix_job_ended_at", "ended_at_us", sqlite_where=_HAS_ENDED, postgresql_where=_HAS_ENDED),
    Index(
        "uq_job_unique_key",
        "partition_id",
        "kind",
        "queue",
        "unique_key",
        unique=True,
        sqlite_where=_IS_OPEN_AND_UNIQUE,
        postgresql_where=_IS_OPEN_AND_UNIQUE,
    ),
)

# How many jobs there are, kept beside them: counting a million of them takes a tenth of a second.
# Those that run count as waiting here: they are few enough to be counted, and claimed often.
job_count = Table(
    "job_count",
    METADATA,
    partition_id(),
    text("queue"),
    Column("state", SmallInteger, nullable=False),
    number("jobs"),
    UniqueConstraint("partition_id", "queue", "state"),
)

# What a plugin keeps.
plugin_value = Table(
    "plugin_value",
    METADATA,
    partition_id(),
    text("plugin"),
    text("key"),
    Column("value", LargeBinary, nullable=False),
    number("updated_at_us"),
    UniqueConstraint("partition_id", "plugin", "key"),
)

# Labels that plugins put on studies.
study_label = Table(
    "study_label",
    METADATA,
    partition_id(),
    reference("study"),
    text("label"),
    text("actor"),
    number("set_at_us"),
    UniqueConstraint("study_row", "label"),
)

# Series and studies that got an instance lately, and when they count as quiet. `owner_row` is one
# or the other, as `level` says.
quiet = Table(
    "quiet",
    METADATA,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("owner_row", RowId, primary_key=True, autoincrement=False),
    partition_id(),
    number("due_us"),
    Index(None, "due_us"),
)
