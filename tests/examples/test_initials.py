from dataclasses import replace
from pathlib import Path

import pytest

from contrib.examples.initials.pacsd_initials import Initials, InitialsSettings, initials
from pacsd.api.access import Principal
from pacsd.api.query_results import Attributes, QueryResults
from pacsd.testing.fake_host import fake_host
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import query_results

RESULTS = query_results({
    "StudyInstanceUID": "1.2",
    "PatientName": "Doe^Jane^M",
    "PatientBirthDate": "19700101",
})  # fmt: skip
HIDDEN = {"StudyInstanceUID": "1.2", "PatientName": "D^J", "PatientBirthDate": ""}


async def told(tmp_path: Path, results: QueryResults, who: Principal) -> object:
    plugin = Initials(fake_host(tmp_path), InitialsSettings())
    return await call_hook(plugin, "pacsd_query_results", results=replace(results, principal=who))


@pytest.mark.parametrize(
    "who",
    [
        Principal("sam", roles=("student",)),
        Principal("CT1", is_authenticated=False),
        Principal("CT1", roles=("clinician",), is_authenticated=False),
    ],
)
async def test_who_is_no_clinician_sees_initials(tmp_path: Path, who: Principal) -> None:
    answer = await told(tmp_path, RESULTS, who)
    assert isinstance(answer, QueryResults)
    assert answer.matches == (Attributes(HIDDEN),)


async def test_clinicians_see_all(tmp_path: Path) -> None:
    assert await told(tmp_path, RESULTS, Principal("ann", roles=("clinician",))) is None


async def test_what_was_not_asked_for_is_not_added(tmp_path: Path) -> None:
    series = query_results({"SeriesInstanceUID": "1.2.3"}, level="SERIES")
    answer = await told(tmp_path, series, Principal("sam"))
    assert isinstance(answer, QueryResults)
    assert answer.matches == series.matches


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Doe^Jane", "D^J"), ("山田^太郎=x", "山^太"), ("Doe", "D"), ("", ""), ("^Jane", "^J")],
)
def test_initials(name: str, expected: str) -> None:
    assert initials(name) == expected
