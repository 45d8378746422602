from urllib.parse import parse_qsl, urlsplit

import pytest

from contrib.bench.cohort import Cohort, Study
from contrib.bench.web_searches import SEARCHES

COHORT = Cohort(50, 2, studies_a_day=4, smith_every=5)


def is_match(study: Study, key: str, value: str) -> bool:
    """Whether a study is one of those that are searched, decided by what it says."""
    texts = study.texts(0, 0)
    if key == "PatientName":
        surname = study.patient_name.partition("^")[0]
        return value.strip("*") in surname if value[0] == "*" else surname.startswith(value[:-1])
    if key == "StudyDate":
        first, _, last = value.partition("-")
        return first <= study.date <= (last or first)
    tags = {"StudyInstanceUID": 0x0020000D, "PatientID": 0x00100020, "AccessionNumber": 0x00080050}
    return texts[tags[key]] == value


@pytest.mark.parametrize(
    "name", ["study-uid", "patient-id", "accession", "study-date", "two-days", "smith", "mith"]
)
@pytest.mark.parametrize("number", [0, 11, 49])
def test_a_search_says_how_many_matches_are_right(name: str, number: int) -> None:
    search = SEARCHES[name](COHORT, number)
    studies = list(map(COHORT.study, range(COHORT.studies)))
    for key, value in parse_qsl(urlsplit(search.path).query):
        studies = [study for study in studies if is_match(study, key, value)]
    assert len(studies) == search.matches
    assert 0 < search.matches < COHORT.studies


@pytest.mark.parametrize(
    ("name", "matches"), [("page", 50), ("middle-page", 25), ("all", 50), ("instances", 4)]
)
def test_pages_and_lists_have_their_length(name: str, matches: int) -> None:
    assert SEARCHES[name](COHORT, 1).matches == matches
