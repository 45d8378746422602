"""Version 0008: deliveries, each with what became of its instances."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "delivery",
        sa.Column("id", ROW, nullable=False, autoincrement=False),
        sa.Column("partition_id", ROW, nullable=False),
        *map(_text, ("plugin", "rule", "target", "study_instance_uid", "reason", "coercion")),
        *map(_small, ("priority", "state")),
        *map(_number, ("covered", "confirmed", "waiting", "delivered", "refused")),
        *map(_number, ("created_at_us", "changed_at_us")),
        _text("explanation"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        _of_partition("delivery"),
        sa.UniqueConstraint(
            "partition_id",
            "study_instance_uid",
            "target",
            "plugin",
            "rule",
            name="uq_delivery_key",
        ),
    )
    op.create_index("ix_delivery_target", "delivery", ["target"])
    _index("delivery", "ended", "state >= 2", "changed_at_us")
    op.create_table(
        "delivery_item",
        sa.Column("delivery_row", ROW, nullable=False, autoincrement=False),
        _text("sop_instance_uid"),
        sa.Column("partition_id", ROW, nullable=False),
        _text("series_instance_uid"),
        _number("number"),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        _number("size_bytes"),
        _small("state"),
        *map(_number, ("attempts", "run")),
        *map(_text, ("status", "explanation")),
        _number("sent_at_us"),
        _small("commitment"),
        _number("committed_at_us"),
        sa.PrimaryKeyConstraint("delivery_row", "sop_instance_uid", name="pk_delivery_item"),
        _of_partition("delivery_item"),
        sqlite_with_rowid=False,
    )
    _index("delivery_item", "waiting", "state = 1", "delivery_row", "attempts", "number")
    op.create_table(
        "paused_target",
        sa.Column("partition_id", ROW, nullable=False),
        *map(_text, ("target", "actor")),
        _number("paused_at_us"),
        _of_partition("paused_target"),
        sa.UniqueConstraint("partition_id", "target", name="uq_paused_target_partition_id_target"),
    )


def _index(table: str, name: str, where: str, *columns: str) -> None:
    op.create_index(
        f"ix_{table}_{name}",
        table,
        list(columns),
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger(), nullable=False)


def _of_partition(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_partition_id"
    return sa.ForeignKeyConstraint(["partition_id"], ["partition.id"], name=name)
