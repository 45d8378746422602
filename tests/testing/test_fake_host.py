from pathlib import Path

import pytest

from pacsd.api.plugin import Host, Logger
from pacsd.testing.fake_host import LogLine, ManualClock, RecordingLogger, fake_host


def test_it_is_a_host_whose_logger_keeps_lines(tmp_path: Path) -> None:
    host = fake_host(tmp_path, "acme")
    as_given: Host = host
    assert (as_given.name, as_given.data_dir) == ("acme", tmp_path)
    as_given.logger.warning("full", free_bytes=7)
    assert host.logger.lines == [LogLine("warning", "full", {"free_bytes": 7})]


def test_every_level_is_kept() -> None:
    kept = RecordingLogger()
    logger: Logger = kept
    for level in ("debug", "info", "warning", "error", "exception"):
        getattr(logger, level)("event", level=level)
    assert [line.level for line in kept.lines] == [line.fields["level"] for line in kept.lines]
    assert len(kept.lines) == 5


def test_time_passes_when_told_to(tmp_path: Path) -> None:
    clock = fake_host(tmp_path).clock
    clock.advance(2.5)
    assert clock() == 2.5
    with pytest.raises(ValueError, match="a clock does not go back"):
        ManualClock(7).advance(-1)
