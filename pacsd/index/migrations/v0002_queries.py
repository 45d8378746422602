"""Version 0002: what queries need: how names sound, and indexes."""

import sqlalchemy as sa
from alembic import op

from pacsd.index.attributes import sounds_of

revision = "0002"
down_revision = "0001"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_ROWS = 1_000


def upgrade() -> None:
    """Say of each patient's name how it sounds; index states of instances and certain names."""
    op.add_column("patient", sa.Column("patient_name_sounds", TEXT))
    _fill_sounds()
    op.drop_index("ix_instance_series_row", "instance")
    op.create_index("ix_instance_series_row_state", "instance", ["series_row", "state"])
    op.create_index(
        "ix_patient_name_groups",
        "patient",
        ["partition_id", "patient_name_folded"],
        sqlite_where=sa.text("instr(patient_name_folded, '=') > 0"),
        postgresql_where=sa.text("position('=' in patient_name_folded) > 0"),
    )


def _fill_sounds() -> None:
    patient = sa.table(
        "patient", sa.column("id"), sa.column("patient_name"), sa.column("patient_name_sounds")
    )
    connection, last = op.get_bind(), 0
    while True:
        chosen = sa.select(patient.c.id, patient.c.patient_name).where(patient.c.id > last)
        rows = connection.execute(chosen.order_by(patient.c.id).limit(_ROWS)).all()
        if not rows:
            return
        last = rows[-1].id
        named = [{"row": row, "sounds": sounds_of(name)} for row, name in rows if name]
        if named:
            connection.execute(
                sa.update(patient)
                .where(patient.c.id == sa.bindparam("row"))
                .values(patient_name_sounds=sa.bindparam("sounds")),
                named,
            )
