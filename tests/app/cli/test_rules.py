"""`pacsd rules`: what the daemon is asked, and what is said of its answers."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.admin.errands import ErrandLook
from pacsd.app.admin.rule_records import (
    Explained,
    ReplayReport,
    RouteAnswer,
    RulesChecked,
    RulesPlugin,
    StudyRoutes,
    TargetCount,
    TrialAnswer,
    VerdictAnswer,
)
from pacsd.app.admin.unix_socket import AdminError
from pacsd.app.cli.main import build
from pacsd.testing.objects import dicom_file
from tests.app.small_daemon import SmallDaemon, running

TRIAL = TrialAnswer(
    "study_quiet",
    "1.2",
    (RouteAnswer("peer:A", "rule ct", "high"),),
    (
        VerdictAnswer("ct", True, "Modality = CT"),
        VerdictAnswer("mr", False, "Modality = MR: Modality is CT"),
        VerdictAnswer("all", False, "looks at series_quiet, this is study_quiet"),
    ),
)
REPORT = ReplayReport(
    1_200,
    1,
    (TargetCount("peer:A", 10, 9),),
    (StudyRoutes("1.2", {"peer:A": "rule ct"}, {"peer:B": "rule b"}),),
)


class Desk(SmallDaemon):
    """A daemon with a plugin that explains and one that does not."""

    def __init__(self) -> None:
        super().__init__()
        self.plugins = [RulesPlugin("route_rules", True), RulesPlugin("tape", False)]
        self.report = REPORT
        self.missing: tuple[str, ...] = ()
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        for name in ("plugins", "kinds", "check", "explain", "test"):
            self.commands[f"rules.{name}"] = getattr(self, f"_{name}")
        self.commands["errand.start"] = self._start
        self.commands["errand.look"] = lambda _: ErrandLook(3, True, "", self.report)

    def _plugins(self, _: object) -> list[RulesPlugin]:
        return self.plugins

    def _kinds(self, _: object) -> list[str]:
        return ["instance_stored", "study_quiet"]

    def _check(self, arguments: Mapping[str, object]) -> RulesChecked:
        self.asked.append(("check", arguments))
        if arguments["rules"] == "bad":
            raise AdminError("plugin route_rules: no rules")
        return RulesChecked(("instance_stored", "study_quiet"), ("peer:A",), self.missing)

    def _explain(self, arguments: Mapping[str, object]) -> Explained:
        self.asked.append(("explain", arguments))
        return Explained((TRIAL,), is_whole=True)

    def _test(self, arguments: Mapping[str, object]) -> TrialAnswer:
        self.asked.append(("test", arguments))
        return TRIAL

    def _start(self, arguments: Mapping[str, object]) -> int:
        self.asked.append(("replay", arguments))
        return 3


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk()
    with tempfile.TemporaryDirectory() as folder, running(desk, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield desk


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    path = tmp_path / "new.toml"
    path.write_text("other rules", encoding="utf-8")
    return path


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["rules", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_a_rule_file_is_checked_by_the_plugin_that_uses_it(daemon: Desk, rule_file: Path) -> None:
    looks = "can be used; looks at instance_stored, study_quiet; leads to peer:A"
    assert run("check", rule_file) == (0, f"{rule_file}: {looks}\n", "")
    [(_, asked)] = daemon.asked
    assert (asked["plugin"], asked["rules"]) == ("route_rules", "other rules")
    rule_file.write_text("bad", encoding="utf-8")
    assert run("check", rule_file) == (1, "", "plugin route_rules: no rules\n")


def test_a_target_that_nobody_has_fails_the_check(daemon: Desk, rule_file: Path) -> None:
    daemon.missing = ("rule ct: target tape: no plugin provides 'tape'",)
    assert run("check", rule_file) == (1, "", f"{rule_file}: {daemon.missing[0]}\n")
    assert run("check", "--plugin", "route_rules")[2].startswith("the rules in force: rule ct: ")


def test_a_study_is_explained(daemon: Desk) -> None:
    code, out, _ = run("explain", "1.2", "--plugin", "route_rules")
    assert code == 0
    assert out.splitlines() == [
        "study 1.2: peer:A (high)",
        "  + ct: Modality = CT",
        "  - mr: Modality = MR: Modality is CT",
    ]
    [(_, asked)] = daemon.asked
    assert (asked["study"], asked["rules"]) == ("1.2", None)
    code, out, _ = run("explain", "1.2", "--plugin", "route_rules", "--json")
    assert json.loads(out)["trials"][0]["routes"][0]["target"] == "peer:A"


def test_files_are_tried_with_what_rules_look_at(daemon: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in (1, 2):
        content = dicom_file({"SOPInstanceUID": f"1.2.{number}", "Modality": "CT"})
        (folder / f"{number}.dcm").write_bytes(content)
    code, out, _ = run("test", folder, "--from", "CT7", "--plugin", "route_rules")
    assert (code, out.count("study 1.2: peer:A (high)")) == (0, 3)
    asked = [arguments for name, arguments in daemon.asked if name == "test"]
    assert [each["kind"] for each in asked] == ["instance_stored"] * 2 + ["study_quiet"]
    assert asked[2]["modalities"] == "CT"
    sizes = [each["size_bytes"] for each in asked]
    assert sizes[0] + sizes[1] == sizes[2]  # type: ignore[operator]
    assert {each["calling_ae"] for each in asked} == {"CT7"}
    header = json.loads(str(asked[0]["header"]))
    assert header["00080060"]["Value"] == ["CT"]


@pytest.mark.usefixtures("daemon")
def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(bytes(128) + b"DICMxx")
    code, out, err = run("test", tmp_path, "--plugin", "route_rules")
    assert (code, out) == (1, "")
    assert "a.dcm: " in err


def test_a_replay_says_what_changes(daemon: Desk, rule_file: Path) -> None:
    code, out, _ = run("replay", "--since", "2d", "--with", rule_file)
    assert code == 1
    assert out.splitlines() == [
        "1,200 studies",
        "  peer:A: 10 -> 9 (-1)",
        "1 would go elsewhere",
        "1.2",
        "  + peer:B (rule b)",
        "  - peer:A (rule ct)",
    ]
    [(_, asked)] = daemon.asked
    assert (asked["kind"], asked["plugin"], asked["rules"]) == (
        "replay",
        "route_rules",
        "other rules",
    )
    code, out, _ = run("replay", "--with", rule_file, "--json")
    assert (code, json.loads(out)["studies"]) == (1, 1_200)


def test_a_replay_of_the_rules_in_force_lists_where_all_would_go(daemon: Desk) -> None:
    daemon.report = ReplayReport(
        2,
        0,
        (TargetCount("peer:A", 1, 1),),
        (StudyRoutes("1.2", {"peer:A": "rule ct"}, {"peer:A": "rule ct"}),),
    )
    code, out, _ = run("replay", "--plugin", "tape")
    assert (code, out.splitlines()) == (
        0,
        ["2 studies", "  peer:A: 1", "1.2: peer:A (rule ct)", "and 1 more, not listed"],
    )


@pytest.mark.parametrize("since", ["", "7", "d", "7x", "-1d", "1.5d"])
def test_a_time_is_like_7d(daemon: Desk, since: str) -> None:
    code, _, err = run("replay", f"--since={since}", "--plugin", "tape")
    assert (code, daemon.asked) == (2, [])
    assert "is not like 12h, 7d or 4w" in err


@pytest.mark.parametrize(
    ("plugins", "arguments", "said"),
    [
        ([], (), "no plugin of the running daemon has rules"),
        ([RulesPlugin("a", False), RulesPlugin("b", False)], (), "--plugin a or b"),
        ([RulesPlugin("a", False)], ("--with", "FILE"), "no plugin of the running daemon tries"),
    ],
)
def test_it_has_to_be_known_whose_rules(
    daemon: Desk,
    rule_file: Path,
    plugins: list[RulesPlugin],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    daemon.plugins = plugins
    given = [str(rule_file) if each == "FILE" else each for each in arguments]
    code, _, err = run("explain", "1.2", *given)
    assert (code, daemon.asked) == (2, [])
    assert said in err


def test_a_rule_file_that_cannot_be_read_is_told(daemon: Desk, tmp_path: Path) -> None:
    code, _, err = run("check", tmp_path / "none.toml")
    assert (code, "No such file" in err) == (2, True)
    (tmp_path / "latin.toml").write_bytes(b"\xe4")
    code, _, err = run("check", tmp_path / "latin.toml")
    assert (code, "is not UTF-8" in err) == (2, True)
    assert daemon.asked == []
