"""Version 0001: every table."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
LONG = sa.BigInteger()
SMALL = sa.SmallInteger()


def upgrade() -> None:
    """Create the tables, and the default partition."""
    _words()
    _patients_and_studies()
    _series()
    _instances()
    _copies()
    _beside_the_archive()
    _what_happened()
    _extra_tags()
    op.execute("INSERT INTO partition (id, name) VALUES (1, 'default')")


def _words() -> None:
    op.create_table("partition", _id(), *_texts("name"), _key("partition"))
    op.create_table("meta", *_texts("key", "value"), _key("meta", "key"))
    for table in ("sop_class", "transfer_syntax", "store"):
        unique = sa.UniqueConstraint("word", name=f"uq_{table}_word")
        op.create_table(table, _id(), *_texts("word"), _key(table), unique)
    facts = ("calling_ae", "called_ae", "peer_address", "origin")
    op.create_table(
        "source",
        _id(),
        _partition(),
        *_texts(*facts),
        *_keys("source", "partition_id"),
        sa.UniqueConstraint("partition_id", *facts, name="uq_source_facts"),
    )


def _patients_and_studies() -> None:
    identity = ("patient_id", "issuer_of_patient_id", "of_study")
    op.create_table(
        "patient",
        _id(),
        _partition(),
        *_texts(*identity),
        sa.Column("merged_into", ROW),
        *_attributes(
            "patient_name patient_birth_date patient_birth_time patient_sex other_patient_ids "
            "other_patient_names ethnic_group patient_comments patient_name_folded "
            "other_patient_names_folded"
        ),
        *_keys("patient", "partition_id"),
        sa.ForeignKeyConstraint(["merged_into"], ["patient.id"], name="fk_patient_merged_into"),
        sa.UniqueConstraint("partition_id", *identity, name="uq_patient_key"),
    )
    _index("patient", "merged_into")
    _index("patient", "partition_id", "patient_name_folded")
    op.create_table(
        "study",
        _id(),
        _partition(),
        *_texts("study_instance_uid"),
        _row("patient"),
        *_attributes(
            "study_date study_time accession_number referring_physician_name "
            "timezone_offset_from_utc study_description name_of_physicians_reading_study "
            "admitting_diagnoses_description patient_age patient_size patient_weight occupation "
            "additional_patient_history study_id other_study_numbers "
            "referring_physician_name_folded name_of_physicians_reading_study_folded",
            numbers={"other_study_numbers"},
        ),
        *_keys("study", "partition_id", "patient_row"),
        _unique("study", "partition_id", "study_instance_uid"),
    )
    _index("study", "patient_row")
    _index("study", "partition_id", "study_date", "study_time")
    _index("study", "partition_id", "accession_number")


def _series() -> None:
    op.create_table(
        "series",
        _id(),
        _partition(),
        _row("study"),
        *_texts("series_instance_uid"),
        *_attributes(
            "series_date series_time modality manufacturer institution_name "
            "timezone_offset_from_utc station_name series_description "
            "institutional_department_name performing_physician_name operators_name "
            "manufacturer_model_name body_part_examined protocol_name series_number "
            "frame_of_reference_uid laterality performed_procedure_step_start_date "
            "performed_procedure_step_start_time performed_procedure_step_id "
            "performed_procedure_step_description scheduled_procedure_step_id "
            "requested_procedure_id performing_physician_name_folded operators_name_folded",
            numbers={"series_number"},
        ),
        *_keys("series", "partition_id", "study_row"),
        _unique("series", "study_row", "series_instance_uid"),
    )
    _index("series", "partition_id", "series_instance_uid")


def _instances() -> None:
    op.create_table(
        "instance",
        _id(),
        _partition(),
        sa.Column("series_row", ROW),
        _row("sop_class"),
        *_texts("sop_instance_uid"),
        sa.Column("state", SMALL, nullable=False),
        _row("source"),
        *_numbers("received_at_us"),
        *_attributes(
            "content_date content_time acquisition_number instance_number number_of_frames rows "
            "columns bits_allocated",
            numbers={
                "acquisition_number",
                "instance_number",
                "number_of_frames",
                "rows",
                "columns",
                "bits_allocated",
            },
        ),
        *_keys("instance", "partition_id", "series_row", "sop_class_row", "source_row"),
        _unique("instance", "partition_id", "sop_instance_uid"),
    )
    _index("instance", "series_row")
    op.create_table(
        "held",
        _row("instance"),
        _partition(),
        *_texts("study_instance_uid", "series_instance_uid", "patient_id", "issuer_of_patient_id"),
        *_texts("attributes", "extras"),
        _key("held", "instance_row"),
        *_foreign("held", "instance_row", "partition_id"),
    )
    _index("held", "partition_id", "study_instance_uid")


def _copies() -> None:
    op.create_table(
        "copy",
        _row("instance"),
        _row("store"),
        _partition(),
        *_file(),
        sa.Column("state", SMALL, nullable=False),
        *_numbers("verified_at_us"),
        _key("copy", "instance_row", "store_row"),
        *_foreign("copy", "instance_row", "store_row", "partition_id", "transfer_syntax_row"),
        sqlite_with_rowid=False,
    )
    _index("copy", "store_row", "location")
    _index("copy", "verified_at_us")
    is_bad = sa.text("state <> 1")
    op.create_index(
        "ix_copy_state", "copy", ["state"], sqlite_where=is_bad, postgresql_where=is_bad
    )
    op.create_table(
        "quarantine",
        _id(),
        _partition(),
        *_texts("sop_instance_uid"),
        _row("sop_class"),
        _row("source"),
        *_numbers("received_at_us"),
        *_texts("study_instance_uid", "series_instance_uid", "patient_id", "issuer_of_patient_id"),
        _row("store"),
        *_file(),
        *_texts("attributes", "extras"),
        *_keys("quarantine", "partition_id", "sop_class_row", "source_row", "store_row"),
        *_foreign("quarantine", "transfer_syntax_row"),
        _unique("quarantine", "partition_id", "sop_instance_uid", "sha256"),
    )
    _index("quarantine", "store_row", "location")


def _beside_the_archive() -> None:
    op.create_table(
        "overlay",
        _id(),
        _partition(),
        sa.Column("level", SMALL, nullable=False),
        sa.Column("owner_row", ROW, nullable=False),
        *_numbers("tag"),
        *_texts("private_creator"),
        *_attributes("old_value new_value"),
        *_texts("actor", "reason"),
        *_numbers("at_us"),
        *_keys("overlay", "partition_id"),
    )
    _index("overlay", "level", "owner_row")
    op.create_table(
        "cursor",
        sa.Column("partition_id", ROW, nullable=False),
        *_texts("consumer", "epoch"),
        *_numbers("number"),
        _key("cursor", "partition_id", "consumer"),
    )


def _what_happened() -> None:
    op.create_table(
        "change",
        _id(),
        _partition(),
        sa.Column("kind", SMALL, nullable=False),
        *_numbers("at_us"),
        *(sa.Column(f"{each}_row", ROW) for each in ("study", "series", "instance", "quarantine")),
        *_keys("change", "partition_id"),
    )
    op.create_table(
        "audit",
        _id(),
        _partition(),
        *_numbers("at_us"),
        *_texts("actor", "peer_address", "action", "outcome", "study_instance_uid", "detail"),
        *_keys("audit", "partition_id"),
    )
    _index("audit", "partition_id", "study_instance_uid")


def _extra_tags() -> None:
    op.create_table(
        "extra_tag",
        _id(),
        _partition(),
        sa.Column("level", SMALL, nullable=False),
        *_numbers("tag"),
        *_texts("private_creator", "vr"),
        sa.Column("state", SMALL, nullable=False),
        *_numbers("reindexed_to", "reindexed_before"),
        *_keys("extra_tag", "partition_id"),
        _unique("extra_tag", "partition_id", "tag", "private_creator"),
    )
    op.create_table(
        "extra_value",
        sa.Column("extra_tag_row", ROW, nullable=False),
        sa.Column("owner_row", ROW, nullable=False),
        _partition(),
        *_texts("value"),
        _key("extra_value", "extra_tag_row", "owner_row"),
        *_foreign("extra_value", "partition_id"),
        sqlite_with_rowid=False,
    )
    _index("extra_value", "extra_tag_row", "value")


def _id() -> sa.Column[int]:
    return sa.Column("id", ROW, nullable=False)


def _partition() -> sa.Column[int]:
    return sa.Column("partition_id", ROW, nullable=False)


def _row(table: str) -> sa.Column[int]:
    return sa.Column(f"{table}_row", ROW, nullable=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, LONG, nullable=False) for name in names]


def _attributes(
    names: str, numbers: frozenset[str] | set[str] = frozenset()
) -> list[sa.Column[str] | sa.Column[int]]:
    return [
        sa.Column[int](name, LONG) if name in numbers else sa.Column[str](name, TEXT)
        for name in names.split()
    ]


def _file() -> list[sa.Column[str] | sa.Column[int] | sa.Column[bytes]]:
    digest = sa.Column("sha256", sa.LargeBinary(), nullable=False)
    sizes = _numbers("size_bytes", "data_set_bytes")
    return [*_texts("location"), *sizes, digest, _row("transfer_syntax")]


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=f"pk_{table}")


def _keys(table: str, *references: str) -> list[sa.Constraint]:
    return [_key(table), *_foreign(table, *references)]


def _foreign(table: str, *columns: str) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(
            [column],
            [f"{column.removesuffix('_row').removesuffix('_id')}.id"],
            name=f"fk_{table}_{column}",
        )
        for column in columns
    ]


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name="_".join(("uq", table, *columns)))


def _index(table: str, *columns: str) -> None:
    op.create_index("_".join(("ix", table, *columns)), table, list(columns))
