"""Where a query finds an attribute: the columns of the indexed ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, FromClause, Table, literal_column, select

from pacsd.dicom.dictionary import data_element
from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.index import schema, schema_records
from pacsd.index.attributes import ATTRIBUTES
from pacsd.index.computed import (
    MODALITIES_IN_STUDY,
    SOP_CLASSES_IN_STUDY,
    counts,
    modalities,
    sop_classes,
)
from pacsd.index.records import ExtraTag

TABLES: Mapping[Level, Table] = {
    Level.PATIENT: schema.patient,
    Level.STUDY: schema.study,
    Level.SERIES: schema.series,
    Level.INSTANCE: schema.instance,
}

SOP_CLASS_UID: Tag = 0x00080016

Extras: TypeAlias = Mapping[Tag, ExtraTag]
"""The user-chosen tags that a query may find, by the tag it has in that query."""

NO_EXTRAS: Extras = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class IndexedColumn:
    """An attribute's column. `folded` has names without case and accents.

    `is_multiple`: its values stand in it joined by backslashes; `is_number`: as one number. `extra`
    is the `ExtraTag.id` of a user-chosen tag, whose values have a table of their own; else 0.
    """

    level: Level
    tag: Tag
    vr: VR
    column: ColumnElement[Any]
    folded: ColumnElement[Any] | None = None
    is_multiple: bool = False
    is_number: bool = False
    extra: int = 0


def _keys() -> list[IndexedColumn]:
    patient, study, series = schema.patient.c, schema.study.c, schema.series.c
    instance = schema.instance.c
    return [
        IndexedColumn(Level.PATIENT, 0x00100020, VR.LO, patient.patient_id),
        IndexedColumn(Level.PATIENT, 0x00100021, VR.LO, patient.issuer_of_patient_id),
        IndexedColumn(Level.STUDY, 0x0020000D, VR.UI, study.study_instance_uid),
        IndexedColumn(Level.SERIES, 0x0020000E, VR.UI, series.series_instance_uid),
        IndexedColumn(Level.INSTANCE, 0x00080018, VR.UI, instance.sop_instance_uid),
        IndexedColumn(Level.INSTANCE, SOP_CLASS_UID, VR.UI, schema.sop_class.c.word),
    ]


def _of_level(level: Level) -> list[IndexedColumn]:
    columns = TABLES[level].c
    found: list[IndexedColumn] = []
    for each in ATTRIBUTES[level]:
        if each.sequence is not None:
            continue
        row = data_element(each.tag)
        is_multiple = row is not None and row.multiplicity != "1"
        if each.is_number and is_multiple:
            continue  # a number's column cannot hold several: the header is asked
        folded = None if each.folded_column is None else columns[each.folded_column]
        found.append(
            IndexedColumn(
                level,
                each.tag,
                each.vr,
                columns[each.column],
                folded,
                is_multiple=is_multiple,
                is_number=each.is_number,
            )
        )
    return found


def _computed() -> list[IndexedColumn]:
    study = Level.STUDY
    return [
        IndexedColumn(study, MODALITIES_IN_STUDY, VR.CS, modalities(), is_multiple=True),
        IndexedColumn(study, SOP_CLASSES_IN_STUDY, VR.UI, sop_classes(), is_multiple=True),
        *(
            IndexedColumn(level, tag, VR.IS, number, is_number=True)
            for level, tag, number in counts()
        ),
    ]


def _by_tag() -> dict[Tag, dict[Level, IndexedColumn]]:
    by_tag: dict[Tag, dict[Level, IndexedColumn]] = {}
    of_levels = (each for level in Level for each in _of_level(level))
    for each in (*_keys(), *_computed(), *of_levels):
        by_tag.setdefault(each.tag, {})[each.level] = each
    return by_tag


_COLUMNS = _by_tag()


def column_of(tag: Tag, level: Level, extras: Extras = NO_EXTRAS) -> IndexedColumn | None:
    """The column of an attribute, as an entity of this level has it.

    It is the nearest one above if several levels have such; one below if only these do. An
    attribute within a sequence is none of the data set's own.
    """
    found = _COLUMNS.get(tag)
    if found is None:
        extra = extras.get(tag)
        return None if extra is None else _of_extra(tag, extra)
    above = [each for each in found if each <= level]
    return found[max(above)] if above else found[min(found)]


def _of_extra(tag: Tag, extra: ExtraTag) -> IndexedColumn:
    """What the entity says that owns a value."""
    row = data_element(tag)
    values, owners = schema_records.extra_value.c, TABLES[extra.level]
    # A number of ours, not a parameter: the statement is kept for this tag.
    is_its = values.extra_tag_row == literal_column(str(int(extra.id)))
    value = select(values.value).where(is_its, values.owner_row == owners.c.id)
    return IndexedColumn(
        extra.level,
        tag,
        VR(extra.vr),
        value.correlate(owners).scalar_subquery(),
        is_multiple=row is None or row.multiplicity != "1",
        extra=extra.id,
    )


def joined(first: Level, last: Level, *, with_sop_class: bool) -> FromClause:
    """The tables of these levels, and of those between them, joined."""
    tables: FromClause = TABLES[last]
    for level in sorted(Level, reverse=True):
        if first <= level < last:
            below, table = TABLES[Level(level + 1)], TABLES[level]
            tables = tables.join(table, below.c[f"{level.name.lower()}_row"] == table.c.id)
    if with_sop_class:
        tables = tables.join(
            schema.sop_class, schema.instance.c.sop_class_row == schema.sop_class.c.id
        )
    return tables
