"""Version 0006: labels of studies."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "study_label",
        sa.Column("partition_id", ROW, nullable=False),
        sa.Column("study_row", ROW, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("set_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partition_id"], ["partition.id"], name="fk_study_label_partition_id"
        ),
        sa.ForeignKeyConstraint(["study_row"], ["study.id"], name="fk_study_label_study_row"),
        sa.UniqueConstraint("study_row", "label", name="uq_study_label_study_row_label"),
    )
