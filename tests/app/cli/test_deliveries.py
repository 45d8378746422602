import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.admin.delivery_records import DeliveryDetail, PausedTargetAnswer, TargetSummary
from pacsd.app.admin.unix_socket import AdminError
from pacsd.app.cli.main import build
from tests.app.admin.test_delivery_records import ENTRY
from tests.app.cli.test_deliveries_report import ITEM, SUMMARY
from tests.app.small_daemon import SmallDaemon, running

_OF_TARGETS = {
    "targets": "targets.list",
    "paused": "targets.paused",
    "pause": "targets.pause",
    "resume": "targets.resume",
}
DELIVERED = replace(SUMMARY, state="delivered", waiting=0)


class SendingDaemon(SmallDaemon):
    """Answers as told, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, list[object]] = {
            "list": [[SUMMARY, replace(SUMMARY, number=9)], []],
            "show": [DeliveryDetail.of(ENTRY, "")],
            "items": [[ITEM], [], [], []],
            "retry": [SUMMARY],
            "retarget": [SUMMARY],
            "targets": [[TargetSummary("tape", 3, 0, 0, 90.0, "no power", "")]],
            "paused": [[PausedTargetAnswer("tape", True, "anna", 1.7e9)]],
            "pause": [PausedTargetAnswer("tape", True, "anna", None)],
            "resume": [PausedTargetAnswer("tape", False, "anna", None)],
        }
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        for name in self.answers:
            self.commands[_OF_TARGETS.get(name, f"deliveries.{name}")] = self._answering(name)

    def _answering(self, name: str) -> Callable[[Mapping[str, object]], object]:
        def answer(arguments: Mapping[str, object]) -> object:
            self.asked.append((name, {k: v for k, v in arguments.items() if k != "actor"}))
            answers = self.answers[name]
            if not answers:
                raise AdminError("no")
            return answers.pop(0)

        return answer


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[SendingDaemon]:
    daemon = SendingDaemon()
    with tempfile.TemporaryDirectory() as folder, running(daemon, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield daemon


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["deliveries", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_deliveries_are_listed(daemon: SendingDaemon) -> None:
    code, out, err = run("list", "--target", "peer:B", "--limit", "1")
    assert code == 0
    assert out.startswith("delivery 7: open, study 1.2.3 to peer:B")
    assert err == "more: --after 7\n"
    wanted = {"state": "", "target": "peer:B", "study": "", "limit": 2, "after": 0}
    assert daemon.asked == [("list", wanted)]
    assert run("list")[2] == "there are no such deliveries\n"
    assert run("list")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (("show", "7"), {"number": 7}),
        (("retry", "7"), {"number": 7}),
        (("retarget", "7", "disk"), {"number": 7, "target": "disk"}),
    ],
)
def test_one_is_shown_and_steered(
    daemon: SendingDaemon, arguments: tuple[str, ...], asked: Mapping[str, object]
) -> None:
    code, out, _ = run(*arguments)
    assert (code, daemon.asked) == (0, [(arguments[0], asked)])
    assert out.startswith("delivery 7: open")


def test_targets_are_listed(daemon: SendingDaemon) -> None:
    assert run("targets")[1] == "tape: 3 waiting, down for 0 h 01 min: no power\n"
    assert daemon.asked == [("targets", {})]


def test_targets_are_paused(daemon: SendingDaemon) -> None:
    assert run("pause", "tape")[1] == "tape is paused by anna\n"
    assert run("pause", "tape", "--off")[1] == "tape is sent to again\n"
    assert run("pause")[1].startswith("tape is paused by anna since 2023-")
    assert [name for name, _ in daemon.asked] == ["pause", "resume", "paused"]


def test_a_study_that_has_arrived_is_proved(daemon: SendingDaemon) -> None:
    daemon.answers["list"] = [[DELIVERED], []]
    code, out, _ = run("proof", "1.2.3")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("delivery 7: delivered, study 1.2.3")
    assert lines[-1].endswith("sha256 ab")


@pytest.mark.usefixtures("daemon")
def test_one_that_has_not_is_not() -> None:
    code, out, _ = run("proof", "1.2.3", "--json")
    assert code == 1
    one, two = json.loads(out)
    assert (one["state"], one["instances"][0]["status"]) == ("open", "0000")
    assert (two["number"], two["instances"]) == (9, [])


def test_a_study_that_was_not_to_go_anywhere_is_said(daemon: SendingDaemon) -> None:
    daemon.answers["list"] = [[]]
    code, _, err = run("proof", "1.2.3")
    assert (code, err) == (1, "nothing of this study was to be delivered\n")
