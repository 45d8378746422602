"""Overlays: what was corrected, beside the stored data sets, which stay as they came.

A correction changes the columns of the patient, study, series or instance it is about, so that all
searching finds it, and leaves a row with the old and the new value for whatever else leaves: values
from headers, and objects. Of an attribute the last row counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Select, literal_column, select, union_all

from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.index import schema, schema_records
from pacsd.index.correcting import are_new, correct, is_corrected, owners
from pacsd.index.log_position import mirroring
from pacsd.index.overlay_records import Correctable, Correction, ListedOverlay, Overlay
from pacsd.index.records import Scope
from pacsd.index.selections import slices
from pacsd.index.threads import Threads

_overlay = schema_records.overlay.c
_patient, _study, _series = schema.patient.c, schema.study.c, schema.series.c
_instance = schema.instance.c
_COLUMNS = (
    _overlay.id.label("number"),
    _overlay.level,
    _overlay.tag,
    _overlay.old_value,
    _overlay.new_value,
    _overlay.actor,
    _overlay.reason,
    _overlay.at_us,
)
_OWNERS = {
    Level.PATIENT: (schema.patient, _patient.patient_id),
    Level.STUDY: (schema.study, _study.study_instance_uid),
    Level.SERIES: (schema.series, _series.series_instance_uid),
    Level.INSTANCE: (schema.instance, _instance.sop_instance_uid),
}


class Overlays:
    """The overlays of an index. Where there are none, asking for them costs nothing."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        # Nobody else writes to the database, so that this is looked up once.
        self._tags: set[Tag] = set()
        self._is_known = False

    async def correctable(self, scope: Scope, level: Level, uid: str) -> list[Correctable]:
        """The studies, series or instances that this UID may mean: series may share theirs."""
        return await self._threads.read(partial(_correctable, scope, level, uid))

    async def are_new(self, scope: Scope, corrections: Sequence[Correction]) -> list[bool]:
        """Whether `correct` would change anything, for each of these."""
        return await self._threads.read(partial(are_new, scope, tuple(corrections)))

    async def correct(
        self, scope: Scope, corrections: Sequence[Correction], *, reached: int | None = None
    ) -> list[ListedOverlay]:
        """Correct attributes; the overlays that are new, in their order.

        None for whom the last overlay says it already, and for what is not there.
        `reached`: so many records of the state log are mirrored with that.
        """
        self._tags.update(each.tag for each in corrections)
        work = partial(correct, scope, tuple(corrections))
        return await self._threads.write(mirroring(work, reached))

    async def are_corrected(
        self, scope: Scope, wanted: Sequence[tuple[str, str, Tag]]
    ) -> list[bool]:
        """Whether something lies over attributes of what these study and series UIDs name.

        Over those of an instance nothing does, as far as that is asked.
        """
        return await self._threads.read(partial(_are_corrected, scope, tuple(wanted)))

    def expect(self, tags: Iterable[Tag]) -> None:
        """These are being corrected by another transaction, or may be."""
        self._tags.update(tags)

    async def of_instances(self, instances: Sequence[int]) -> Mapping[int, Mapping[Tag, Overlay]]:
        """What lies over instances and their series, studies and patients, by instance and tag."""
        if not await self.tags():
            return {}
        return await self._threads.query(partial(_of_instances, tuple(instances)))

    async def page(
        self, scope: Scope, after: int = 0, limit: int = 1_000, uid: str = ""
    ) -> list[ListedOverlay]:
        """All overlays with a higher number than `after`, by rising number.

        With `uid`, those over the study, its patient, the series or the instance that this means.
        """
        return await self._threads.read(partial(_page, scope, after, limit, uid))

    async def tags(self) -> frozenset[Tag]:
        """What was corrected, of whomever; of what is not among it, nothing ever was."""
        if not self._is_known:
            # Somebody may have corrected something since.
            self._tags |= await self._threads.query(_corrected)
            self._is_known = True
        return frozenset(self._tags)


def _corrected(connection: Connection) -> set[Tag]:
    return set(connection.execute(select(_overlay.tag).distinct()).scalars())


def _are_corrected(
    scope: Scope, wanted: Sequence[tuple[str, str, Tag]], connection: Connection
) -> list[bool]:
    return [is_corrected(scope, *each, connection) for each in wanted]


def _correctable(scope: Scope, level: Level, uid: str, connection: Connection) -> list[Correctable]:
    return [Correctable(owner.sha256) for owner in owners(scope, level, uid, connection)]


def _of_instances(
    instances: Sequence[int], connection: Connection
) -> Mapping[int, Mapping[Tag, Overlay]]:
    found: dict[int, dict[Tag, Overlay]] = {}
    for some in slices(instances):
        # By rising number: the last one of a tag takes the place of those before it.
        for instance, *row in sorted(connection.execute(_over(some)), key=itemgetter(1)):
            overlay = _overlay_of(row)
            found.setdefault(instance, {})[overlay.tag] = overlay
    return found


def _over(instances: Sequence[int]) -> CompoundSelect[*tuple[Any, ...]]:
    """What lies over the instances themselves, then over what they hang in."""
    series = schema.instance.join(schema.series, _instance.series_row == _series.id)
    study = series.join(schema.study, _series.study_row == _study.id)
    owner = {
        Level.INSTANCE: (schema.instance, _instance.id),
        Level.SERIES: (schema.instance, _instance.series_row),
        Level.STUDY: (series, _series.study_row),
        Level.PATIENT: (study, _study.patient_row),
    }
    return union_all(
        *(
            select(_instance.id, *_COLUMNS)
            .select_from(
                tables.join(
                    schema_records.overlay,
                    (_overlay.level == literal_column(str(level.value)))
                    & (_overlay.owner_row == row),
                )
            )
            .where(_instance.id.in_(instances))
            for level, (tables, row) in owner.items()
        )
    )


def _page(
    scope: Scope, after: int, limit: int, uid: str, connection: Connection
) -> list[ListedOverlay]:
    """A restriction to studies leaves nothing: whose they are, a list of them does not say."""
    if scope.studies is not None:
        return []
    parts = (_listed(scope, after, level, uid) for level in _OWNERS)
    rows = connection.execute(union_all(*parts).order_by(literal_column("number")).limit(limit))
    return [ListedOverlay(_overlay_of(row), uid) for uid, *row in rows]


def _listed(scope: Scope, after: int, level: Level, uid: str) -> Select[*tuple[Any, ...]]:
    table, own_uid = _OWNERS[level]
    chosen = (
        select(own_uid.label("uid"), *_COLUMNS)
        .join(table, _overlay.owner_row == table.c.id)
        .where(
            _overlay.level == level.value,
            _overlay.partition_id == scope.partition,
            _overlay.id > after,
        )
    )
    if not uid:
        return chosen
    patients = select(_study.patient_row).where(_study.study_instance_uid == uid)
    is_wanted = _patient.id.in_(patients) if level is Level.PATIENT else own_uid == uid
    return chosen.where(is_wanted)


def _overlay_of(row: Sequence[Any]) -> Overlay:
    id_, level, tag, *said = row
    return Overlay(id_, Level(level), tag, *said)
