"""Which instances an export takes: those of the studies that a command names."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from pacsd.app.admin.unix_socket import AdminError
from pacsd.archive.finding import Finder, IndexUnavailable, QueryLimits
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import PAGE, Retriever
from pacsd.dicom.errors import KeyValueError
from pacsd.dicom.level import Level
from pacsd.dicom.moments import read_range
from pacsd.dicom.query import Between, Condition, Query, ReturnKey, Values
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.dicom.vr import VR
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import Scope, StoredInstance

EXPORT_LIMITS = QueryLimits(max_results=10_000_000, budget_s=60.0)
"""Far more than a peer's query may take: whoever may export owns the archive."""

NOBODY = "admin"
"""For whom it is, if the command does not say."""

_STUDY_DATE: Tag = 0x00080020
_PATIENT_ID: Tag = 0x00100020
_STUDY_INSTANCE_UID: Tag = 0x0020000D
_INSTANCES_OF_STUDY: Tag = 0x00201208
_TOLD = (ReturnKey(_STUDY_INSTANCE_UID, VR.UI), ReturnKey(_INSTANCES_OF_STUDY, VR.IS))


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What a command wants exported, where to, and for whom; without any condition it is all."""

    folder: Path
    conditions: tuple[Condition, ...]
    actor: str


@dataclass(frozen=True, slots=True)
class ChosenStudy:
    """A study to be exported, and how many instances it had when it was chosen."""

    study_instance_uid: str
    instances: int


@dataclass(frozen=True, slots=True)
class ChosenInstance:
    """An instance to be exported, and where it hangs in the index."""

    retrievable: Retrievable
    stored: StoredInstance


def request_of(arguments: Mapping[str, object]) -> ExportRequest:
    """What the arguments of a command say.

    Raises:
        AdminError: they name nothing, or not so that everybody knows what.
    """
    folder = Path(_text(arguments, "folder"))
    if not folder.is_absolute():
        raise AdminError(f"{folder} is no absolute path")
    conditions = (*_studies(arguments), *_patients(arguments), *_dates(arguments))
    if bool(conditions) == (arguments.get("all") is True):
        raise AdminError("an export is of studies, patients or dates, or else of all: name one")
    return ExportRequest(folder, conditions, printable(_text(arguments, "actor", NOBODY)))


class Selection:
    """Finds the instances of a request in one archive."""

    def __init__(self, finder: Finder, retriever: Retriever, index: Index) -> None:
        self._finder = finder
        self._retriever = retriever
        self._index = index

    async def not_found(self, request: ExportRequest) -> Sequence[str]:
        """The studies and patients named that are not in the archive.

        Raises:
            FindError: the index cannot say.
        """
        missing: list[str] = []
        for condition in request.conditions:
            if not isinstance(condition, Values):
                continue
            name = "Study Instance UID" if condition.tag == _STUDY_INSTANCE_UID else "Patient ID"
            for value in condition.values:
                one = Values(condition.tag, condition.vr, (value,))
                if not await self._retriever.select(Query(Level.STUDY, (one,))):
                    missing.append(f"{name} {printable(value)}")
        return missing

    async def studies(self, request: ExportRequest) -> Sequence[ChosenStudy]:
        """The studies, in the order of their arrival; FindError: the index cannot say."""
        query = Query(Level.STUDY, request.conditions, _TOLD)
        found: list[ChosenStudy] = []
        async with aclosing(self._finder.find(query)) as pages:
            async for page in pages:
                found += (
                    ChosenStudy(str(each[_STUDY_INSTANCE_UID]), int(str(each[_INSTANCES_OF_STUDY])))
                    for each in page
                )
        return found

    async def instances(self, study: ChosenStudy) -> AsyncGenerator[ChosenInstance, None]:
        """The instances of a study, in the order of their arrival; FindError as above."""
        one = Values(_STUDY_INSTANCE_UID, VR.UI, (study.study_instance_uid,))
        numbers = await self._retriever.select(Query(Level.INSTANCE, (one,)))
        for at in range(0, len(numbers), PAGE):
            async for chosen in self._page(numbers[at : at + PAGE]):
                yield chosen

    async def _page(self, numbers: Sequence[int]) -> AsyncIterator[ChosenInstance]:
        try:
            stored = await self._index.instances.numbered(Scope(), numbers)
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault
        hanging = {each.sop_instance_uid: each for each in stored}
        async with aclosing(self._retriever.instances(numbers)) as pages:
            async for page in pages:
                for each in page:
                    if each.sop_instance_uid in hanging:
                        yield ChosenInstance(each, hanging[each.sop_instance_uid])


def _studies(arguments: Mapping[str, object]) -> Sequence[Condition]:
    uids = _texts(arguments, "studies")
    for uid in uids:
        if not is_acceptable_uid(uid):
            raise AdminError(f"'{printable(uid)}' is no Study Instance UID (PS3.5 section 9.1)")
    return [Values(_STUDY_INSTANCE_UID, VR.UI, uids)] if uids else []


def _patients(arguments: Mapping[str, object]) -> Sequence[Condition]:
    patient_ids = _texts(arguments, "patients")
    if not all(each.strip() for each in patient_ids):
        raise AdminError("a Patient ID must not be empty")
    return [Values(_PATIENT_ID, VR.LO, patient_ids)] if patient_ids else []


def _dates(arguments: Mapping[str, object]) -> Sequence[Condition]:
    text = _text(arguments, "date")
    if not text:
        return []
    try:
        ends = read_range(text, VR.DA)
    except KeyValueError as error:
        raise AdminError(f"date: {error}; write YYYYMMDD, e.g. 20260131") from None
    return [Between(_STUDY_DATE, VR.DA, ends.low, ends.high)]


def _text(arguments: Mapping[str, object], name: str, default: str = "") -> str:
    value = arguments.get(name, default)
    if not isinstance(value, str):
        raise AdminError(f"{name} must be a text")
    return value


def _texts(arguments: Mapping[str, object], name: str) -> tuple[str, ...]:
    values = arguments.get(name, [])
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise AdminError(f"{name} must be a list of texts")
    return tuple(dict.fromkeys(values))
