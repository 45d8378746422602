import json
from typing import Any

import pytest

from pacsd.app.cli.retrieve_report import (
    Tally,
    report_for_people,
    report_for_programs,
    teller,
)
from pacsd.app.file_receiving import Received
from pacsd.app.retrieving import Ended
from pacsd.net.query_retrieve_scu import Progress


def ended(status: int = 0, completed: int | None = 3, failed: int = 0, comment: str = "") -> Ended:
    uids = tuple(f"1.2.{number}" for number in range(failed))
    return Ended(Progress(status, None, completed, failed, 0, comment), uids)


def tally(end: Ended | None, received: Received | None = None, operation: str = "move") -> Tally:
    return Tally(operation, end.final if end else None, end, received)


def said(capsys: pytest.CaptureFixture[str], what: Tally) -> tuple[str, str]:
    report_for_people("PEER", what, "moved to X")
    out, err = capsys.readouterr()
    return out, err


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    what = tally(ended())
    assert what.is_success
    assert said(capsys, what) == ("PEER: 3 moved to X, 0 failed, 0.0 s\n", "")


def test_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    what = tally(ended(0xB000, 1, 2, "some"))
    assert not what.is_success
    out, err = said(capsys, what)
    assert out == "PEER: 1 moved to X, 2 failed, 0.0 s\n"
    assert err.startswith("1.2.0: failed\n1.2.1: failed\nPEER: C-MOVE: B000 ")
    assert err.endswith(": some\n")


def test_what_could_not_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    what = tally(ended(0xB000, 1, 1), Received(files=1, there=1, data_set_bytes=2_500_000), "get")
    what.not_written("1.2.0", "disk full")
    assert not what.is_success
    out, err = said(capsys, what)
    assert out == ("PEER: 2 moved to X, 1 failed, 1 of them were there before, 2.5 MB, 0.0 s\n")
    assert err.startswith("1.2.0: disk full\nPEER: C-GET: B000 ")


def test_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    what = tally(ended(completed=0))
    assert not what.is_success
    assert said(capsys, what)[1] == "PEER: nothing of this is there\n"


def test_a_peer_that_does_not_count(capsys: pytest.CaptureFixture[str]) -> None:
    what = tally(ended(completed=None))
    assert what.is_success
    assert said(capsys, what)[0] == "PEER: an untold number moved to X, 0 failed, 0.0 s\n"


def test_a_peer_that_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, tally(ended(0xA801, completed=None)))
    assert out == "PEER: not moved to X, 0.0 s\n"
    assert err == "PEER: C-MOVE: A801 Move destination unknown (failure)\n"


def test_it_gave_up(capsys: pytest.CaptureFixture[str]) -> None:
    what = tally(None)
    what.last = Progress(0xFF00, 5, 2, 0, 1)
    what.gave_up = "interrupted"
    assert not what.is_success
    out, err = said(capsys, what)
    assert out == "PEER: 3 moved to X, 0 failed, 1 with warnings, 5 not tried, 0.0 s\n"
    assert err == "PEER: interrupted\n"


def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    what = tally(ended(0xB000, 1, 1), Received(files=1, data_set_bytes=9), "get")
    what.not_written("1.2.7", "disk full")
    report_for_programs("PEER", what)
    out: Any = json.loads(capsys.readouterr().out)
    assert (out["status"], out["completed"], out["failed"]) == ("B000", 1, 1)
    assert out["failed_uids"] == ["1.2.0"]
    assert (out["files"], out["already_there"], out["data_set_bytes"]) == (1, 0, 9)
    assert out["not_written"] == [{"uid": "1.2.7", "why": "disk full"}]
    report_for_programs("PEER", tally(None))
    out = json.loads(capsys.readouterr().out)
    assert out["status"] is out["completed"] is None
    assert "files" not in out


def test_each_response_is_told_on() -> None:
    what, moved = tally(None), list[tuple[int, int | None]]()
    told = teller(what, lambda done, total: moved.append((done, total)))
    told(Progress(0xFF00, 5, 2, 1, 1))
    told(Progress(0, None, None, None, None))
    assert moved == [(4, 9), (0, None)]
    assert what.last == Progress(0, None, None, None, None)
