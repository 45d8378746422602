"""Version 0007: what plugins have set aside lies in quarantine, too."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns; what lies there already nobody set aside."""
    for name in ("aside", "aside_by", "aside_because", "coercions"):
        op.add_column("quarantine", sa.Column(name, TEXT, nullable=False, server_default=""))
