"""Version 0005: durable jobs, what plugins keep, and series and studies that are not yet quiet."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
LONG = sa.BigInteger()
SMALL = sa.SmallInteger()


def upgrade() -> None:
    """Make the tables; the last of a change log that is older tells of nothing quiet."""
    _jobs()
    op.create_table(
        "job_count",
        _partition(),
        _text("queue"),
        sa.Column("state", SMALL, nullable=False),
        _number("jobs"),
        _of_partition("job_count"),
        sa.UniqueConstraint(
            "partition_id", "queue", "state", name="uq_job_count_partition_id_queue_state"
        ),
    )
    op.create_table(
        "plugin_value",
        _partition(),
        _text("plugin"),
        _text("key"),
        sa.Column("value", sa.LargeBinary, nullable=False),
        _number("updated_at_us"),
        _of_partition("plugin_value"),
        sa.UniqueConstraint(
            "partition_id", "plugin", "key", name="uq_plugin_value_partition_id_plugin_key"
        ),
    )
    op.create_table(
        "quiet",
        sa.Column("level", SMALL, nullable=False, autoincrement=False),
        sa.Column("owner_row", ROW, nullable=False, autoincrement=False),
        _partition(),
        _number("due_us"),
        sa.PrimaryKeyConstraint("level", "owner_row", name="pk_quiet"),
        _of_partition("quiet"),
    )
    op.create_index("ix_quiet_due_us", "quiet", ["due_us"])


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", ROW, nullable=False, autoincrement=False),
        _partition(),
        sa.Column("state", SMALL, nullable=False),
        sa.Column("priority", SMALL, nullable=False),
        *map(_text, ("kind", "queue")),
        *map(_number, ("attempts", "max_attempts", "not_before_us", "expires_at_us")),
        *map(_number, ("lease_token", "leased_until_us", "created_at_us", "ended_at_us")),
        *map(_text, ("created_by", "unique_key", "schedule_window", "explanation", "payload")),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        _of_partition("job"),
    )
    _index("claim", "state = 1", "priority", "kind", "queue", "not_before_us", "id")
    _index("not_before", "state = 1 AND not_before_us > 0", "not_before_us")
    _index("expires_at", "state = 1 AND expires_at_us > 0", "expires_at_us")
    _index("leased_until", "state = 2", "leased_until_us", "partition_id", "queue")
    _index("dead", "state = 4", "queue", "id")
    _index("ended_at", "state >= 3", "ended_at_us")
    op.create_index(
        "uq_job_unique_key",
        "job",
        ["partition_id", "kind", "queue", "unique_key"],
        unique=True,
        sqlite_where=sa.text("state <= 2 AND unique_key <> ''"),
        postgresql_where=sa.text("state <= 2 AND unique_key <> ''"),
    )


def _index(name: str, where: str, *columns: str) -> None:
    op.create_index(
        f"ix_job_{name}",
        "job",
        list(columns),
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def _partition() -> sa.Column[int]:
    return sa.Column("partition_id", ROW, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, LONG, nullable=False)


def _of_partition(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_partition_id"
    return sa.ForeignKeyConstraint(["partition_id"], ["partition.id"], name=name)
