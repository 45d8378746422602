"""QIDO-RS searches of made-up studies, each with how many matches are right."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contrib.bench.cohort import SERIES, Cohort

PAGE = 50


@dataclass(frozen=True, slots=True)
class Search:
    """A resource below the root of DICOMweb, with its parameters."""

    path: str
    matches: int


def _of_study(cohort: Cohort, number: int) -> Search:
    return Search(f"/studies?StudyInstanceUID={cohort.study(number).uid}", 1)


def _of_patient(cohort: Cohort, number: int) -> Search:
    return Search(f"/studies?PatientID={cohort.study(number).patient_id}", 1)


def _of_accession(cohort: Cohort, number: int) -> Search:
    return Search(f"/studies?AccessionNumber={cohort.study(number).accession_number}", 1)


def _of_date(cohort: Cohort, number: int) -> Search:
    day = number % cohort.days
    return Search(f"/studies?StudyDate={cohort.day(day)}", _on(cohort, day))


def _of_two_days(cohort: Cohort, number: int) -> Search:
    first = number % max(1, cohort.days - 1)
    last = min(first + 1, cohort.days - 1)
    matches = sum(_on(cohort, day) for day in range(first, last + 1))
    return Search(f"/studies?StudyDate={cohort.day(first)}-{cohort.day(last)}", matches)


def _on(cohort: Cohort, day: int) -> int:
    return len(list(cohort.of_day(day)))


def _of_name(begins: str) -> Callable[[Cohort, int], Search]:
    def search(cohort: Cohort, _: int) -> Search:
        smiths = range(0, cohort.studies, 2 * cohort.smith_every)
        return Search(f"/studies?PatientName={begins}*", len(smiths))

    return search


def _of_mith(cohort: Cohort, _: int) -> Search:
    smiths = range(0, cohort.studies, cohort.smith_every)
    return Search("/studies?PatientName=*MITH*", len(smiths))


def _of_page(cohort: Cohort, _: int) -> Search:
    return Search(f"/studies?limit={PAGE}", min(PAGE, cohort.studies))


def _of_middle(cohort: Cohort, _: int) -> Search:
    offset = cohort.studies // 2
    return Search(
        f"/studies?limit={PAGE}&offset={offset}", max(0, min(PAGE, cohort.studies - offset))
    )


def _of_all(cohort: Cohort, _: int) -> Search:
    return Search(f"/studies?limit={cohort.studies + 1}", cohort.studies)


def _of_instances(cohort: Cohort, number: int) -> Search:
    return Search(f"/studies/{cohort.study(number).uid}/instances", SERIES * cohort.images)


SEARCHES: Mapping[str, Callable[[Cohort, int], Search]] = {
    "study-uid": _of_study,
    "patient-id": _of_patient,
    "accession": _of_accession,
    "study-date": _of_date,
    "two-days": _of_two_days,
    "smi": _of_name("SMI"),
    "smith": _of_name("SMITH"),
    "mith": _of_mith,
    "page": _of_page,
    "middle-page": _of_middle,
    "all": _of_all,
    "instances": _of_instances,
}
"""By name, made of any number: keys of that study."""
