"""What a model may look at: the series of a study, and those of others that it wishes for."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pacsd.api.ai import MAX_INPUTS, AiInput, Prefetch, PriorWish
from pacsd.api.event_subject import EventSubject
from pacsd.archive.event_subjects import uid_conditions
from pacsd.archive.finding import IndexUnavailable, TooCostly
from pacsd.dicom.level import Level
from pacsd.dicom.query import Between, Condition, Values
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.index.entities import Entity
from pacsd.index.errors import IndexFault, QueryTooCostly
from pacsd.index.index import Index
from pacsd.index.records import Scope
from pacsd.index.searching import Order, Search

_STUDY_DATE: Tag = 0x00080020
_MODALITY: Tag = 0x00080060
_PATIENT_ID: Tag = 0x00100020
_ISSUER_OF_PATIENT_ID: Tag = 0x00100021
_BODY_PART_EXAMINED: Tag = 0x00180015
_STUDY_INSTANCE_UID: Tag = 0x0020000D
_SERIES_INSTANCE_UID: Tag = 0x0020000E
_COLUMNS = (
    _STUDY_DATE,
    _MODALITY,
    _BODY_PART_EXAMINED,
    _STUDY_INSTANCE_UID,
    _SERIES_INSTANCE_UID,
)
_BUDGET_S = 10.0
_ALL = Scope()


@dataclass(frozen=True, slots=True)
class _Found:
    """A series, and its first instance."""

    entity: Entity

    @property
    def study(self) -> str:
        return self.entity.values[_STUDY_INSTANCE_UID]

    def input(self, subject: EventSubject) -> AiInput:
        values = self.entity.values
        return AiInput(
            study_instance_uid=self.study,
            series_instance_uid=values[_SERIES_INSTANCE_UID],
            modality=values[_MODALITY],
            body_part=values[_BODY_PART_EXAMINED],
            study_date=values[_STUDY_DATE],
            is_prior=self.study != subject.event.study_instance_uid,
        )


class AiInputs:
    """Looks for them in one index."""

    def __init__(self, index: Index) -> None:
        self._index = index

    async def of(
        self, subject: EventSubject, prefetch: Prefetch, own_origin: str
    ) -> tuple[AiInput, ...]:
        """The series of the study, then those wished for, each once, at most `MAX_INPUTS`.

        Those are left out whose first instance came from `own_origin`.

        Raises:
            FindError: the index cannot be read now.
        """
        studies = (subject.event.study_instance_uid, *prefetch.study_instance_uids)
        try:
            found = [each for study in studies for each in await self._series_of(study)]
            for wish in prefetch.wishes:
                found += await self._priors(subject, wish)
            inputs: dict[str, AiInput] = {}
            for each in found:
                made = each.input(subject)
                if len(inputs) < MAX_INPUTS and not await self._is_from(each, own_origin):
                    inputs.setdefault(made.series_instance_uid, made)
        except QueryTooCostly as error:
            raise TooCostly(str(error)) from error
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault
        return tuple(inputs.values())

    async def are_here(self, sop_instance_uids: Sequence[str]) -> Collection[str]:
        """Those of these instances that are in the archive, in whatever state.

        Raises:
            FindError: the index cannot be read now.
        """
        try:
            found = await self._index.instances.among(_ALL, sop_instance_uids)
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault
        return {each.sop_instance_uid for each in found}

    async def _is_from(self, series: _Found, origin: str) -> bool:
        reception = await self._index.instances.reception(_ALL, series.entity.first_instance)
        return reception is not None and reception.origin == origin

    async def _series_of(self, study: str) -> list[_Found]:
        return await self._search(uid_conditions(study)) if study else []

    async def _priors(self, subject: EventSubject, wish: PriorWish) -> list[_Found]:
        """The series that a wish means, of the newest studies first."""
        named = tuple(_conditions(subject, wish))
        if not subject.attributes.get("PatientID", ""):
            return []
        series = [
            each
            for each in await self._search(named)
            if each.study != subject.event.study_instance_uid
        ]
        dates = {each.study: each.entity.values[_STUDY_DATE] for each in series}
        newest = sorted(dates, key=lambda study: dates[study], reverse=True)[: wish.studies]
        return [each for study in newest for each in series if each.study == study]

    async def _search(self, conditions: tuple[Condition, ...]) -> list[_Found]:
        search = Search(_ALL, Level.SERIES, conditions, MAX_INPUTS, _BUDGET_S, order=Order.NEWEST)
        numbers = await self._index.queries.numbers(search)
        entities = await self._index.queries.entities(
            Level.SERIES, numbers, _COLUMNS, with_first=True
        )
        return [_Found(entity) for entity in sorted(entities, key=lambda entity: entity.id)]


def _conditions(subject: EventSubject, wish: PriorWish) -> Iterator[Condition]:
    attributes = subject.attributes
    yield Values(_PATIENT_ID, VR.LO, (attributes.get("PatientID", ""),))
    issuer = attributes.get("IssuerOfPatientID", "")
    if issuer:
        yield Values(_ISSUER_OF_PATIENT_ID, VR.LO, (issuer,))
    if wish.modality:
        yield Values(_MODALITY, VR.CS, (wish.modality,))
    if wish.body_part:
        yield Values(_BODY_PART_EXAMINED, VR.CS, (wish.body_part,))
    until = _date_of(subject)
    since = until - timedelta(days=min(wish.max_age_days, (until - _FIRST).days))
    yield Between(_STUDY_DATE, VR.DA, f"{since:%Y%m%d}", f"{until:%Y%m%d}")


_FIRST = datetime(1900, 1, 1, tzinfo=UTC)


def _date_of(subject: EventSubject) -> datetime:
    """Its Study Date, or else when it came."""
    try:
        date = subject.attributes.get("StudyDate", "")
        return max(_FIRST, datetime.strptime(f"{date}+0000", "%Y%m%d%z"))
    except ValueError:
        return datetime.fromtimestamp(subject.reception.received_at_us / 1_000_000, tz=UTC)
