"""A plugin's Host is the same for it wherever it lives."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.plugin import Host
from pacsd.app.isolation.home import Enabled, Home
from pacsd.app.isolation.inline import InlineHome
from pacsd.app.isolation.process import GuestProcess
from pacsd.app.isolation.thread import ThreadHome
from tests.app.isolation.homes import HOOK, host_of, importable, living
from tests.app.isolation.keeping import SAID, MemoryJobs, MemoryValues
from tests.app.isolation.recording_logger import RecordingLogger

HOMES: dict[str, Callable[[Enabled, Host], Home]] = {
    "inline": InlineHome,
    "thread": ThreadHome,
    "process": GuestProcess,
}


@pytest.mark.parametrize("level", HOMES)
@pytest.mark.parametrize("called_ae", ["PACSD", "FULL"])
async def test_it_is_answered_wherever_it_lives(tmp_path: Path, level: str, called_ae: str) -> None:
    values, jobs = MemoryValues(), MemoryJobs()
    host = replace(host_of(RecordingLogger(), tmp_path), values=values, jobs=jobs)
    enabled = Enabled("bad", "tests.app.isolation.keeping:Keeping", {}, tmp_path)
    request = AssociationRequest("CT1", called_ae, "192.0.2.7", 5000, None, (), "1.2.3", "")
    with importable():
        async with living(HOMES[level](enabled, host)) as home:
            answer = await home.call(HOOK, {"request": request})
    assert isinstance(answer, Refusal)
    refused = "refused: there are 10000 keys"
    assert answer.explanation == (SAID if called_ae == "PACSD" else refused)
    assert jobs.enqueued == [("job", "päyload", "u", 2)]
    assert "b" in values.kept
