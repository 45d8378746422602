from collections.abc import Callable
from fnmatch import fnmatchcase
from io import BytesIO

import pytest
from pydicom import Dataset, dcmread

from contrib.bench.cohort import SERIES, Cohort, data_set
from contrib.bench.queries import QUERIES

COHORT = Cohort(120, 3, studies_a_day=7, smith_every=5)


def read(encoded: bytes) -> Dataset:
    return dcmread(BytesIO(encoded), force=True)


def everything() -> list[Dataset]:
    studies = map(COHORT.study, range(COHORT.studies))
    return [
        read(data_set(study.texts(series, image)))
        for study in studies
        for series in range(SERIES)
        for image in range(COHORT.images)
    ]


def fits(key: str, value: str) -> bool:
    low, dash, high = key.partition("-")
    return low <= value <= high if dash else fnmatchcase(value, key)


UNIQUE = {
    "STUDY": lambda ds: ds.StudyInstanceUID,
    "IMAGE": lambda ds: ds.SOPInstanceUID,
}
KEYS: dict[str, Callable[[Dataset], str]] = {
    "PatientID": lambda ds: str(ds.PatientID),
    "PatientName": lambda ds: str(ds.PatientName),
    "StudyDate": lambda ds: str(ds.StudyDate),
    "StudyInstanceUID": lambda ds: str(ds.StudyInstanceUID),
    "SeriesInstanceUID": lambda ds: str(ds.SeriesInstanceUID),
    "ModalitiesInStudy": lambda ds: str(ds.Modality),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_knows_how_many_matches_are_right(name: str) -> None:
    objects = everything()
    for number in (0, 1, 5, 118):
        query = QUERIES[name](COHORT, number)
        asked = read(query.identifier())
        keys = {key: str(asked[key].value) for key in KEYS if asked.get(key)}
        matches = {
            UNIQUE[query.level](ds)
            for ds in objects
            if all(fits(key, KEYS[name](ds)) for name, key in keys.items())
        }
        assert len(matches) == query.matches > 0, keys


def test_smiths_are_few() -> None:
    full = Cohort(400, 25)
    assert 0.02 < QUERIES["smi"](full, 0).matches / full.studies < 0.06


def test_a_cohort_can_be_told_a_process_of_its_own() -> None:
    assert Cohort.parse(str(COHORT)) == COHORT


def test_every_object_has_a_uid_of_its_own() -> None:
    uids = [ds.SOPInstanceUID for ds in everything()]
    assert len(set(uids)) == len(uids) == COHORT.studies * SERIES * COHORT.images
    assert max(map(len, uids)) <= 64
