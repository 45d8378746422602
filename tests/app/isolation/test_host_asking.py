"""A plugin's Host is the same for it wherever it lives."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.plugin import Host
from pacsd.app.isolation.home import Enabled, Home
from pacsd.app.isolation.inline import InlineHome
from pacsd.app.isolation.process import GuestProcess
from pacsd.app.isolation.thread import ThreadHome
from pacsd.testing.fake_host import fake_host
from tests.app.isolation.homes import HOOK, host_of, importable, living
from tests.app.isolation.recording_logger import RecordingLogger
from tests.app.serving_host import serving

HOMES: dict[str, Callable[[Enabled, Host], Home]] = {
    "inline": InlineHome,
    "thread": ThreadHome,
    "process": GuestProcess,
}


async def said(level: str, host: Host, folder: Path, called_ae: str = "PACSD") -> str:
    """What the plugin that asks for everything answers."""
    enabled = Enabled("bad", "tests.app.isolation.keeping:Keeping", {}, folder)
    request = AssociationRequest("CT1", called_ae, "192.0.2.7", 5000, None, (), "1.2.3", "")
    with importable():
        async with living(HOMES[level](enabled, host)) as home:
            answer = await home.call(HOOK, {"request": request})
    assert isinstance(answer, Refusal)
    return answer.explanation


@pytest.mark.parametrize("level", HOMES)
async def test_all_that_a_host_does_it_does_wherever_the_plugin_lives(
    tmp_path: Path, level: str
) -> None:
    async with serving(tmp_path) as services:
        host = services.host(host_of(RecordingLogger(), tmp_path))
        assert await said(level, host, tmp_path) == "all is well"
        found = await services.stored.of_study("1.2.3", "", "")
        assert len(found) == 3


@pytest.mark.parametrize("level", HOMES)
async def test_the_host_in_memory_does_the_same(tmp_path: Path, level: str) -> None:
    assert await said(level, fake_host(tmp_path), tmp_path) == "all is well"


@pytest.mark.parametrize("level", HOMES)
async def test_what_is_refused_is_told(tmp_path: Path, level: str) -> None:
    host = host_of(RecordingLogger(), tmp_path)
    refused = "refused: there is no daemon that keeps anything"
    assert await said(level, host, tmp_path, "1.2") == refused
    told = "refused: SOP Instance UID '1.2': there is no such instance"
    assert await said(level, fake_host(tmp_path), tmp_path, "1.2") == told
