"""Attributes that are computed over what hangs below an entity, as columns of a query.

PS3.4 section C.3.4: Modalities in Study, SOP Classes in Study, Number of ... Related ...: counted
is what peers may see.
"""

from collections.abc import Iterator
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    FromClause,
    ScalarSelect,
    Select,
    exists,
    func,
    literal_column,
    select,
)

from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.index import schema
from pacsd.index.records import InstanceState

MODALITIES_IN_STUDY: Tag = 0x00080061
SOP_CLASSES_IN_STUDY: Tag = 0x00080062

_LIVE: ColumnElement[int] = literal_column(str(InstanceState.LIVE.value))
_SEPARATOR: ColumnElement[str] = literal_column("'\\'")


def counts() -> Iterator[tuple[Level, Tag, ColumnElement[Any]]]:
    """The level, the tag and the number of each Number of ... Related ... attribute."""
    study, series, instance = (each.alias() for each in (_STUDY, _SERIES, _INSTANCE))
    all_ = func.count()
    of_patient = study.c.patient_row == _PATIENT.c.id
    of_study = series.c.study_row == _STUDY.c.id
    below_study = series.join(instance, instance.c.series_row == series.c.id)
    below_patient = study.join(below_study, series.c.study_row == study.c.id)

    def counted(what: Any, tables: FromClause, of: Any, to: FromClause) -> ScalarSelect[Any]:
        chosen = select(what).select_from(tables).where(of, instance.c.state == _LIVE)
        return chosen.correlate(to).scalar_subquery()

    for tag, what in (
        (0x00201200, func.count(study.c.id.distinct())),
        (0x00201202, func.count(series.c.id.distinct())),
        (0x00201204, all_),
    ):
        yield Level.PATIENT, tag, counted(what, below_patient, of_patient, _PATIENT)
    live_series = select(all_).select_from(series).where(of_study, is_live_series(series))
    yield Level.STUDY, 0x00201206, live_series.correlate(_STUDY).scalar_subquery()
    yield Level.STUDY, 0x00201208, counted(all_, below_study, of_study, _STUDY)
    of_series = instance.c.series_row == _SERIES.c.id
    yield Level.SERIES, 0x00201209, counted(all_, instance, of_series, _SERIES)


def modalities() -> ColumnElement[Any]:
    """Of a study's series, joined by backslashes."""
    series = _SERIES.alias()
    words = (
        select(series.c.modality.label("word"))
        .distinct()
        .where(
            series.c.study_row == _STUDY.c.id,
            series.c.modality.is_not(None),
            is_live_series(series),
        )
        .correlate(_STUDY)
    )
    return _joined(words)


def sop_classes() -> ColumnElement[Any]:
    """Of a study's instances, joined by backslashes."""
    series, instance = _SERIES.alias(), _INSTANCE.alias()
    tables = series.join(instance, instance.c.series_row == series.c.id).join(
        schema.sop_class, instance.c.sop_class_row == schema.sop_class.c.id
    )
    words = (
        select(schema.sop_class.c.word.label("word"))
        .distinct()
        .select_from(tables)
        .where(series.c.study_row == _STUDY.c.id, instance.c.state == _LIVE)
        .correlate(_STUDY)
    )
    return _joined(words)


def has_series(is_wanted: ColumnElement[bool], series: FromClause) -> ColumnElement[bool]:
    """Whether a study has such a series."""
    return exists(
        select(literal_column("1"))
        .select_from(series)
        .where(series.c.study_row == _STUDY.c.id, is_wanted, is_live_series(series))
        .correlate(_STUDY)
    )


def has_instance(
    is_wanted: ColumnElement[bool], instance: FromClause, sop_class: FromClause
) -> ColumnElement[bool]:
    """Whether a study has an instance of such a class."""
    series = _SERIES.alias()
    tables = series.join(instance, instance.c.series_row == series.c.id).join(
        sop_class, instance.c.sop_class_row == sop_class.c.id
    )
    return exists(
        select(literal_column("1"))
        .select_from(tables)
        .where(series.c.study_row == _STUDY.c.id, instance.c.state == _LIVE, is_wanted)
        .correlate(_STUDY)
    )


def is_live_series(series: FromClause) -> ColumnElement[bool]:
    """Whether peers may see any instance of a series."""
    instance = _INSTANCE.alias()
    return exists(
        select(literal_column("1"))
        .select_from(instance)
        .where(instance.c.series_row == series.c.id, instance.c.state == _LIVE)
        .correlate(series)
    )


def is_shown(level: Level) -> ColumnElement[bool]:
    """Whether peers may see any instance of an entity of this level."""
    if level is Level.INSTANCE:
        return _INSTANCE.c.state == _LIVE
    if level is Level.SERIES:
        return is_live_series(_SERIES)
    return exists(_live_below(level))


def first_instance(level: Level) -> ColumnElement[Any]:
    """The number of the first instance of an entity that peers may see."""
    if level is Level.INSTANCE:
        return _INSTANCE.c.id
    instance = _INSTANCE.alias()
    if level is Level.SERIES:
        chosen = select(func.min(instance.c.id)).where(
            instance.c.series_row == _SERIES.c.id, instance.c.state == _LIVE
        )
        return chosen.correlate(_SERIES).scalar_subquery()
    return _live_below(level, first=True).scalar_subquery()


def _live_below(level: Level, *, first: bool = False) -> Select[*tuple[Any, ...]]:
    study, series, instance = (each.alias() for each in (_STUDY, _SERIES, _INSTANCE))
    what: ColumnElement[Any] = func.min(instance.c.id) if first else instance.c.id
    tables: FromClause = series.join(instance, instance.c.series_row == series.c.id)
    if level is Level.STUDY:
        of, outer = series.c.study_row == _STUDY.c.id, _STUDY
    else:
        tables = study.join(tables, series.c.study_row == study.c.id)
        of, outer = study.c.patient_row == _PATIENT.c.id, _PATIENT
    return select(what).select_from(tables).where(of, instance.c.state == _LIVE).correlate(outer)


def _joined(words: Select[*tuple[Any, ...]]) -> ColumnElement[Any]:
    """The words of a select, in one text."""
    each = words.subquery()
    chosen = select(func.aggregate_strings(each.c.word, cast("str", _SEPARATOR))).select_from(each)
    return chosen.scalar_subquery()


_PATIENT, _STUDY, _SERIES = schema.patient, schema.study, schema.series
_INSTANCE = schema.instance
