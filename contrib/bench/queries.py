"""Queries of made-up studies, each with how many matches are right."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from contrib.bench.cohort import SERIES, Cohort, data_set


@dataclass(frozen=True, slots=True)
class Query:
    """Keys by tag, those that are only to be returned empty, and how many matches are right."""

    level: str
    matches: int
    keys: Mapping[int, str] = field(default_factory=dict)

    def identifier(self) -> bytes:
        """The data set of a C-FIND, Explicit VR Little Endian."""
        keys = {0x00080052: self.level, **_RETURNED[self.level], **self.keys}
        return data_set(keys)


def _of_patient(cohort: Cohort, number: int) -> Query:
    return Query("STUDY", 1, {0x00100020: cohort.study(number).patient_id})


def _of_date(cohort: Cohort, number: int) -> Query:
    day = number % cohort.days
    return Query("STUDY", len(list(cohort.of_day(day))), {0x00080020: cohort.day(day)})


def _of_two_days(cohort: Cohort, number: int) -> Query:
    first = number % max(1, cohort.days - 1)
    days = range(first, min(first + 2, cohort.days))
    matches = sum(len(list(cohort.of_day(day))) for day in days)
    return Query("STUDY", matches, {0x00080020: f"{cohort.day(first)}-{cohort.day(days[-1])}"})


def _of_modality(cohort: Cohort, number: int) -> Query:
    study = cohort.study(number)
    matches = sum(other.modality == study.modality for other in cohort.of_day(number))
    return Query("STUDY", matches, {0x00080020: study.date, 0x00080061: study.modality})


def _smiths(cohort: Cohort) -> int:
    return len(range(0, cohort.studies, 2 * cohort.smith_every))


def _of_smi(cohort: Cohort, _: int) -> Query:
    return Query("STUDY", _smiths(cohort), {0x00100010: "SMI*"})


def _of_smith(cohort: Cohort, _: int) -> Query:
    return Query("STUDY", _smiths(cohort), {0x00100010: "SMITH*"})


def _of_mith(cohort: Cohort, _: int) -> Query:
    matches = len(range(0, cohort.studies, cohort.smith_every))
    return Query("STUDY", matches, {0x00100010: "*MITH*"})


def _of_series(cohort: Cohort, number: int) -> Query:
    study = cohort.study(number)
    keys = {0x0020000D: study.uid, 0x0020000E: study.series_uid(number % SERIES)}
    return Query("IMAGE", cohort.images, keys)


def _of_everything(cohort: Cohort, _: int) -> Query:
    return Query("STUDY", cohort.studies)


QUERIES: Mapping[str, Callable[[Cohort, int], Query]] = {
    "patient-id": _of_patient,
    "study-date": _of_date,
    "smi": _of_smi,
    "images": _of_series,
    "all": _of_everything,
    "two-days": _of_two_days,
    "smith": _of_smith,
    "mith": _of_mith,
    "modality": _of_modality,
}
"""By name, made of any number: keys of that study."""

# Only what every peer keeps in its index; for anything else Orthanc 1.10 would read files.
_RETURNED: Mapping[str, Mapping[int, str]] = {
    "STUDY": dict.fromkeys(
        (
            0x00080020,
            0x00080030,
            0x00080050,
            0x00080090,
            0x00081030,
            0x00100010,
            0x00100020,
            0x00100030,
            0x00100040,
            0x0020000D,
            0x00200010,
        ),
        "",
    ),
    "IMAGE": dict.fromkeys((0x00080018, 0x00200013), ""),
    "SERIES": {},
}
