import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.cli.main import build
from pacsd.net.recorder import CommandRecord, Outcome
from tests.app.small_daemon import CT_IMAGE_STORAGE, SmallDaemon, running


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDaemon]:
    daemon = SmallDaemon()
    with tempfile.TemporaryDirectory() as folder, running(daemon, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield daemon


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["associations", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_list(daemon: SmallDaemon) -> None:
    record = daemon.open_association("CT1")
    record.failures = 1
    daemon.end(daemon.open_association("MR1"), Outcome.ABORTED_BY_PEER)
    code, out, _ = run("list")
    assert code == 0
    (line,) = [line for line in out.splitlines() if "192.0.2.7" in line]
    assert "CT1" in line
    assert line.split()[-4:] == ["1", "(1", "failed)", "open"]
    code, out, _ = run("list", "--ended")
    assert code == 0
    assert "aborted by the peer" in out
    assert "MR1" in out


def test_list_is_not_cut_off_in_a_pipe(daemon: SmallDaemon) -> None:
    daemon.open_association("A_TITLE_OF_16_CH")
    record = daemon.open_association()
    record.peer_address = "2001:db8:1234:5678:9abc:def0:1234:5678"
    _, out, _ = run("list")
    assert "A_TITLE_OF_16_CH" in out
    assert record.peer_address in out


def test_list_of_none(daemon: SmallDaemon) -> None:
    assert run("list") == (0, "", "no association is open\n")
    assert run("list", "--ended") == (0, "", "there was no association\n")
    assert run("list", "--json") == (0, "[]\n", "")
    daemon.end(daemon.open_association())
    assert run("list", "--json") == (0, "[]\n", "")


def test_list_for_programs(daemon: SmallDaemon) -> None:
    for _ in range(3):
        daemon.end(daemon.open_association())
    code, out, _ = run("list", "--json", "--ended", "--limit", "2")
    assert code == 0
    assert [each["number"] for each in json.loads(out)] == [3, 2]


def test_show(daemon: SmallDaemon) -> None:
    record = daemon.open_association()
    record.failures, record.bytes_received = 1, 1_234
    store = CommandRecord(1.25, "C-STORE-RQ", 8, CT_IMAGE_STORAGE, 0xA700, 512, 0.5)
    daemon.recorder.command(record, store)
    daemon.end(record)
    code, out, _ = run("show", "1")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "association 1: released"
    assert "  CT1 calls PACSD from 192.0.2.7" in lines
    assert "  implementation: CT SOFT 1" in lines
    assert "  1234 bytes received, 0 sent" in lines
    assert "  2 operations, 1 failed" in lines
    assert "presentation contexts: 1 of 2 accepted" in lines
    assert "    3 CT Image Storage: refused (proposed: 1.2.3.4)" in lines
    assert lines[-2].startswith("      0.500 s C-ECHO-RQ 7 Verification SOP Class: 0000 Success")
    assert lines[-1].startswith("      1.250 s C-STORE-RQ 8 CT Image Storage: A700 ")
    assert lines[-1].endswith(", 512 bytes in 0.500 s")


def test_show_of_a_rejected_one_names_the_key(daemon: SmallDaemon) -> None:
    record = daemon.open_association()
    record.reason, record.key = "called AE title X is none of ours (PACSD)", "ae.title"
    daemon.end(record, Outcome.REJECTED)
    _, out, _ = run("show", "1")
    assert out.splitlines()[:3] == [
        "association 1: rejected",
        "  reason: called AE title X is none of ours (PACSD)",
        "  key to set: ae.title",
    ]


def test_show_for_programs(daemon: SmallDaemon) -> None:
    daemon.open_association()
    code, out, _ = run("show", "1", "--json")
    assert code == 0
    assert json.loads(out)["commands"][0]["name"] == "C-ECHO-RQ"


def test_abort(daemon: SmallDaemon) -> None:
    daemon.open_association()
    assert run("abort", "1") == (0, "association 1 is aborted\n", "")
    assert [number for number, _ in daemon.listener.aborted] == [1]


@pytest.mark.usefixtures("daemon")
@pytest.mark.parametrize("command", ["show", "abort"])
def test_what_is_not_there(command: str) -> None:
    code, out, err = run(command, "7")
    assert (code, out) == (1, "")
    assert err.startswith("association 7 is not known")
    assert run(command, "0")[0] == 2
    assert run(command, "x")[0] == 2
