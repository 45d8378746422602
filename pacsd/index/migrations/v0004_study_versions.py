"""Version 0004: the last change of a study is found at once."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the index; it takes a few seconds for a million changes."""
    op.create_index("ix_change_study_row_id", "change", ["study_row", "id"])
