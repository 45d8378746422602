"""Version 0003: why instances are deleted, and since when."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_DELETED_STATE = 4
_DELETED_CHANGE = 8
_INSTANCE_LEVEL = 4


def upgrade() -> None:
    """Make the tables; what is deleted already counts as deleted when the last of it was."""
    op.create_table(
        "deletion",
        sa.Column("id", ROW, nullable=False, autoincrement=False),
        sa.Column("partition_id", ROW, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("level", sa.SmallInteger, nullable=False),
        sa.Column("uid", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deletion"),
        sa.ForeignKeyConstraint(
            ["partition_id"], ["partition.id"], name="fk_deletion_partition_id"
        ),
    )
    op.create_index("ix_deletion_partition_id_at_us", "deletion", ["partition_id", "at_us"])
    op.create_table(
        "deleted",
        sa.Column("instance_row", ROW, nullable=False, autoincrement=False),
        sa.Column("partition_id", ROW, nullable=False),
        sa.Column("deletion_row", ROW, nullable=False),
        sa.PrimaryKeyConstraint("instance_row", name="pk_deleted"),
        sa.ForeignKeyConstraint(["instance_row"], ["instance.id"], name="fk_deleted_instance_row"),
        sa.ForeignKeyConstraint(["partition_id"], ["partition.id"], name="fk_deleted_partition_id"),
        sa.ForeignKeyConstraint(["deletion_row"], ["deletion.id"], name="fk_deleted_deletion_row"),
    )
    op.create_index("ix_deleted_deletion_row", "deleted", ["deletion_row"])
    _fill()


def _fill() -> None:
    """One decision for each partition, whose actor and reason nobody noted."""
    connection = op.get_bind()
    values = {
        "state": _DELETED_STATE, "kind": _DELETED_CHANGE, "level": _INSTANCE_LEVEL,
    }  # fmt: skip
    connection.execute(
        sa.text(
            "INSERT INTO deletion (id, partition_id, at_us, actor, reason, level, uid)"
            " SELECT partition_id, partition_id, MAX(at_us), '', '', :level, '' FROM change"
            " WHERE kind = :kind AND partition_id IN"
            " (SELECT partition_id FROM instance WHERE state = :state) GROUP BY partition_id"
        ),
        values,
    )
    connection.execute(
        sa.text(
            "INSERT INTO deleted (instance_row, partition_id, deletion_row)"
            " SELECT instance.id, instance.partition_id, deletion.id FROM instance"
            " JOIN deletion ON deletion.partition_id = instance.partition_id"
            " WHERE instance.state = :state"
        ),
        values,
    )
