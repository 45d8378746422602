"""The runner alone, and with a model's plugin in a real daemon, each where it lives."""

import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from contrib.examples.command_runner.pacsd_command_runner import (
    CommandRunner,
    CommandRunnerSettings,
)
from pacsd.api.ai import AiFindings, AiInput, RunModel
from pacsd.api.ai_runner import AiRunner, work_of
from pacsd.testing.ai_contract import SERIES, STUDY
from pacsd.testing.ai_runner_contract import AiRunnerContract
from pacsd.testing.daemon import Running, running
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import event_subject
from pacsd.testing.objects import dicom_file

EXAMPLES = Path(__file__).parents[2] / "contrib/examples"
PLUGINS = {"command_runner": "CommandRunner", "command_model": "CommandModel"}
COUNTS = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[-1])
files = sorted(path.name for path in folder.glob("*.dcm"))
asked = (folder / "work.txt").read_text()
found = {"summary": f"{len(files)} files", "payload": asked} if files else None
(folder / "result.json").write_text(json.dumps(found))
"""
LEAVES_ONE_BEHIND = """
import os, pathlib, sys, time
if os.fork():
    told = pathlib.Path(sys.argv[1])
    told.with_suffix(".new").write_text(str(os.getpgid(0)))
    told.with_suffix(".new").rename(told)
    print("under way", file=sys.stderr, flush=True)
time.sleep(600)
"""
FAILS = "raise SystemExit(3)"
INPUT = AiInput(STUDY, SERIES, "CT", "", "20260102", is_prior=False)
CONFIGURATION = f"""
[store]
unsafe_tmpfs = true

[log]
level = "debug"

[events]
series_quiet_s = 0.05
study_quiet_s = 0.1

[plugins.command_runner]
trusted = true
commands.counts = {json.dumps([sys.executable, "-c", COUNTS])}

[plugins.command_model]
model = "counts"
"""
"""The model's plugin lives in a process of its own: what it wants crosses to the daemon."""


def runner_of(host: FakeHost, **programs: str) -> CommandRunner:
    commands: dict[str, tuple[str, ...]] = {
        name: (sys.executable, "-c", program) for name, program in programs.items()
    }
    return CommandRunner(host, CommandRunnerSettings(commands=commands))


class TestContract(AiRunnerContract):
    model = "counts"

    @pytest.fixture
    def runner(self, host: FakeHost) -> CommandRunner:
        return runner_of(host, counts=COUNTS)


async def test_the_command_has_the_files_and_says_what_it_found(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    for number in (1, 2):
        await host.instances.add(BytesIO(dicom_file({"SOPInstanceUID": f"{SERIES}.{number}"})))
    found = await call_hook(runner_of(host, counts=COUNTS), "pacsd_ai_runner", name="command")
    assert isinstance(found, CommandRunner)
    work = work_of(RunModel("command", "counts", parameters="{}"), event_subject(), (INPUT,), 1)
    assert await found.run(work) == AiFindings("2 files", "{}")


async def test_other_runners_are_not_its_business(tmp_path: Path) -> None:
    plugin = runner_of(fake_host(tmp_path))
    assert await call_hook(plugin, "pacsd_ai_runner", name="cloud") is None


async def test_a_command_that_fails_is_told(tmp_path: Path) -> None:
    runner: AiRunner = runner_of(fake_host(tmp_path), fails=FAILS)
    with pytest.raises(RuntimeError, match="fails ended with exit code 3"):
        await runner.run(work_of(RunModel("command", "fails"), event_subject(), (), 1))


async def test_one_that_is_cancelled_is_killed_with_what_it_began(tmp_path: Path) -> None:
    told = tmp_path / "group"
    command = (sys.executable, "-c", LEAVES_ONE_BEHIND, str(told))
    runner = CommandRunner(fake_host(tmp_path), CommandRunnerSettings(commands={"stays": command}))
    work = work_of(RunModel("command", "stays"), event_subject(), (), 1)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runner.run, work)
            while not told.exists():
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        while _is_there(int(told.read_text())):
            await anyio.lowlevel.checkpoint()


def test_in_a_daemon_a_model_of_another_plugin_is_run(tmp_path: Path) -> None:
    (tmp_path / "pacsd.toml").write_text(CONFIGURATION)
    (tmp_path / "one.dcm").write_bytes(dicom_file({"Modality": "CT"}, pixel_bytes=512))
    config = ["--config", str(tmp_path / "pacsd.toml")]
    with running(*config, environment=_installed(tmp_path)) as daemon:
        _send(daemon, tmp_path / "one.dcm")
        line = daemon.wait_for("model was run")
        daemon.wait_for("job done", kind="persist")
        jobs, calls = daemon.ask("jobs.list"), daemon.ask("plugins.trace", plugin="command_runner")
        assert daemon.stop() == 0
        assert daemon.tracebacks() == []
    named = {"plugin": "command_runner", "runner": "command", "model": "counts"}
    assert named.items() <= line.items()
    assert isinstance(jobs, list)
    assert [(job["kind"], job["explanation"]) for job in jobs] == [
        ("infer", "1 files"),
        ("persist", "0 objects written: 1 files"),
    ]
    assert isinstance(calls, dict)
    assert {call["hook"] for call in calls["calls"]} == {"pacsd_ai_runner"}


def _stays(told: Path, more: str) -> str:
    """A configuration with a model that stays, and with another deadline or grace."""
    command = json.dumps([sys.executable, "-c", LEAVES_ONE_BEHIND, str(told)])
    return CONFIGURATION.replace(json.dumps([sys.executable, "-c", COUNTS]), command) + more


def test_in_a_daemon_a_run_that_is_late_is_killed_and_named(tmp_path: Path) -> None:
    told = tmp_path / "group"
    (tmp_path / "pacsd.toml").write_text(_stays(told, "deadline_s = 3.0\n"))
    (tmp_path / "one.dcm").write_bytes(dicom_file({"Modality": "CT"}, pixel_bytes=512))
    config = ["--config", str(tmp_path / "pacsd.toml")]
    with running(*config, environment=_installed(tmp_path)) as daemon:
        _send(daemon, tmp_path / "one.dcm")
        line = daemon.wait_for("model was not run")
        job = daemon.wait_for("job failed and is tried again")
        assert not _is_there(int(told.read_text()))
    assert line["error"] == "it took more than 3 s"
    assert job["explanation"] == "runner command, model counts: it took more than 3 s"


def test_in_a_daemon_that_ends_a_run_is_killed_and_waits_for_the_next_start(
    tmp_path: Path,
) -> None:
    told = tmp_path / "group"
    (tmp_path / "pacsd.toml").write_text(_stays(told, "[jobs]\nshutdown_grace_s = 0\n"))
    (tmp_path / "one.dcm").write_bytes(dicom_file({"Modality": "CT"}, pixel_bytes=512))
    config = ["--config", str(tmp_path / "pacsd.toml")]
    with running(*config, environment=_installed(tmp_path)) as daemon:
        _send(daemon, tmp_path / "one.dcm")
        # What a command says on standard error stands among the daemon's lines.
        assert daemon.wait_for("")["text"] == "under way"
        assert daemon.stop() == 0
        assert daemon.tracebacks() == []
    assert not _is_there(int(told.read_text()))
    assert daemon.said("model was not run") == []


def _is_there(group: int) -> bool:
    """Whether it has a process that is not only waited for."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    states = [
        path.read_text().rpartition(")")[2].split()
        for path in Path("/proc").glob("[0-9]*/stat")
        if path.exists()
    ]
    return any(state[2] == str(group) and state[0] != "Z" for state in states)


def _installed(folder: Path) -> dict[str, str]:
    paths = [str(folder)]
    for name, class_name in PLUGINS.items():
        package = folder / f"pacsd_{name}-1.0.dist-info"
        package.mkdir()
        head = f"Metadata-Version: 2.1\nName: pacsd-{name}\nVersion: 1.0\n"
        (package / "METADATA").write_text(head)
        entry = f"[pacsd.plugins]\n{name} = pacsd_{name}:{class_name}\n"
        (package / "entry_points.txt").write_text(entry)
        paths.append(str(EXAMPLES / name))
    return {"PYTHONPATH": os.pathsep.join([*paths, *sys.path])}


def _send(daemon: Running, file: Path) -> None:
    command = [sys.executable, "-m", "pacsd", "send", f"PACSD={daemon.dicom_url}", str(file)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
