from pathlib import Path

import pytest
import structlog

from contrib.examples.event_file.pacsd_event_file import EventFile, EventFileSettings
from pacsd.api.errors import HookError
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.plugin import Host
from tests.api.hookspecs.hooks_of import hooks_of

STORED = ArchiveEvent("e-1", EventKind.INSTANCE_STORED, 5, "1.2", "1.2.3", "1.2.3.4")
QUIET = ArchiveEvent("e-2", EventKind.STUDY_QUIET, 6, "1.2", "", "")


def plugin(path: Path) -> EventFile:
    host = Host("event_file", path.parent, structlog.get_logger())
    return EventFile(host, EventFileSettings(path=path))


async def test_a_line_for_each_event(tmp_path: Path) -> None:
    path = tmp_path / "events.tsv"
    tested = plugin(path)
    assert tested.check() == []
    events = hooks_of(tested).events
    for event in (STORED, QUIET):
        await events.tell("acme", event.kind, event=event)
    assert path.read_text().splitlines() == [
        "e-1\tinstance_stored\t1.2\t1.2.3\t1.2.3.4",
        "e-2\tstudy_quiet\t1.2\t\t",
    ]


async def test_what_cannot_be_written_is_told_again(tmp_path: Path) -> None:
    tested = plugin(tmp_path / "missing/events.tsv")
    assert tested.check() == [f"path: there is no folder {tmp_path / 'missing'}"]
    with pytest.raises(HookError, match="FileNotFoundError"):
        await hooks_of(tested).events.tell("acme", STORED.kind, event=STORED)
