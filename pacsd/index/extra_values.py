"""Values of user-chosen tags, kept once for each study, series or instance."""

from collections.abc import Mapping

from sqlalchemy import bindparam, select

from pacsd.dicom.level import Level
from pacsd.index import schema_records
from pacsd.index.session import Place, WriteSession, insertion
from pacsd.index.sqlite import insert_or_ignore
from pacsd.index.text import storable

_INSERT = insertion(insert_or_ignore(schema_records.extra_value))
_LEVELS = select(schema_records.extra_tag.c.id, schema_records.extra_tag.c.level).where(
    schema_records.extra_tag.c.partition_id == bindparam("partition")
)


def insert_extra_values(
    session: WriteSession, partition: int, place: Place, instance: int, extras: Mapping[int, str]
) -> None:
    """Keep an instance's values; the first one's win. Numbers that are no tag's are left out."""
    owners = {Level.STUDY: place.study, Level.SERIES: place.series, Level.INSTANCE: instance}
    levels: dict[int, int] = dict(session.fetch(_LEVELS, partition))
    rows = [
        (tag, owners[Level(levels[tag])], partition, storable(value))
        for tag, value in extras.items()
        if tag in levels and value
    ]
    session.write(_INSERT, rows)
