from sqlalchemy import select

from pacsd.dicom.level import Level
from pacsd.index import schema
from pacsd.index.computed import (
    counts,
    first_instance,
    has_instance,
    has_series,
    is_live_series,
    is_shown,
    modalities,
    sop_classes,
)
from pacsd.index.desks import WriterDesk
from pacsd.index.instances import _delete
from pacsd.index.sqlite import prepared
from tests.index.made import CT, SCOPE, added, new, rows


def test_each_count_is_of_another_attribute() -> None:
    found = [(level, tag) for level, tag, _ in counts()]
    assert len(found) == len(set(found)) == 6
    assert {level for level, _ in found} == {Level.PATIENT, Level.STUDY, Level.SERIES}


def test_only_what_is_live_counts(desk: WriterDesk) -> None:
    added(
        desk,
        new("1.1", series="1", attributes={0x00080060: "CT"}),
        new("1.2", series="2", attributes={0x00080060: "MR"}),
    )
    desk.perform(lambda session: _delete(SCOPE, ["1.1"], "test", None, session))
    series = schema.series.alias()
    instance, sop_class = schema.instance.alias(), schema.sop_class.alias()

    def told(*columns: object) -> list[tuple[object, ...]]:
        chosen = select(*columns).select_from(schema.study)  # type: ignore[call-overload]
        return rows(desk, prepared(chosen))

    assert told(modalities(), sop_classes()) == [("MR", CT)]
    assert told(is_shown(Level.STUDY), first_instance(Level.STUDY).is_not(None)) == [(1, 1)]
    assert told(has_series(series.c.modality.is_not(None), series)) == [(1,)]
    assert told(has_instance(sop_class.c.word.is_not(None), instance, sop_class)) == [(1,)]
    live = select(schema.series.c.series_instance_uid).where(is_live_series(schema.series))
    assert rows(desk, prepared(live)) == [("2",)]
