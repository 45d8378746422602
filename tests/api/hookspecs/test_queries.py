from dataclasses import replace

import pytest

from pacsd.api.access import Principal
from pacsd.api.errors import HookError
from pacsd.api.hooks import hookimpl
from pacsd.api.query_results import Attributes, QueryResults
from pacsd.testing.hook_records import query_results
from tests.api.hookspecs.hooks_of import hooks_of

RESULTS = query_results({"StudyInstanceUID": "1.2", "PatientName": "Doe^Jane"})


class Changes:
    def __init__(self, **values: str) -> None:
        self.values = values
        self.asked: list[QueryResults] = []

    @hookimpl
    async def pacsd_query_results(self, results: QueryResults) -> QueryResults | None:
        self.asked.append(results)
        changed = results.with_values(lambda _: self.values)
        return replace(changed, principal=Principal("root")) if self.values else None


async def test_hook_pacsd_query_results() -> None:
    first, second = Changes(PatientName="D^J"), Changes(PatientSex="O")
    found = await hooks_of(second, first).query_results(RESULTS)
    assert [name for name, _ in found] == ["acme2", "acme"]
    assert found[-1][1].matches == (
        Attributes({"StudyInstanceUID": "1.2", "PatientName": "D^J", "PatientSex": "O"}),
    )
    assert first.asked == [RESULTS]
    [seen] = second.asked
    assert (seen.principal, seen.matches) == (RESULTS.principal, found[0][1].matches)


async def test_none_changes_nothing() -> None:
    assert await hooks_of(Changes()).query_results(RESULTS) == []


async def test_p04_what_cannot_be_told_is_junk() -> None:
    errors: list[HookError] = []
    with pytest.raises(HookError, match="returned QueryResults: match 1: StudyInstanceUID"):
        await hooks_of(Changes(StudyInstanceUID="1.3"), errors=errors).query_results(RESULTS)
    assert [(each.plugin, each.hook) for each in errors] == [("acme", "pacsd_query_results")]
