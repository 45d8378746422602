"""Programs that ai_process runs for another plugin's model, in a daemon as a process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pacsd.testing.daemon import Running, running
from pacsd.testing.objects import dicom_file
from tests.interop.installed import installed
from tests.interop.peers import PATIENCE_S

COUNTS = """
import json, pathlib
files = [*pathlib.Path("input").glob("*/*.dcm")]
links = {path.stat().st_nlink for path in files}
found = {"summary": f"{len(files)} files, {max(links)} links"}
pathlib.Path("output/result.json").write_text(json.dumps(found))
"""
STAYS = """
import os, time
os.fork() or os.setsid()
alive = open("output/alive", "a")
time.sleep(600)
"""
CONFIGURATION = """
[store]
unsafe_tmpfs = true

[log]
level = "debug"

[events]
series_quiet_s = 0.05
study_quiet_s = 0.1

[plugins.ai_process]
trusted = true

[[plugins.ai_process.program]]
name = "counting"
models = ["counts"]
command = {command}
readable = [{prefix}]

[plugins.command_model]
runner = "process:counting"
model = "counts"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """In which a plugin with a model is installed."""
    packages = tmp_path / "packages"
    packages.mkdir()
    return installed(packages, {"command_model": "CommandModel"})


def configured(folder: Path, program: str) -> list[str]:
    prefix = str(Path(os.path.realpath(sys.executable)).parents[1])
    text = CONFIGURATION.format(
        command=json.dumps([sys.executable, "-I", "-c", program]), prefix=json.dumps(prefix)
    )
    (folder / "pacsd.toml").write_text(text)
    (folder / "one.dcm").write_bytes(dicom_file({"Modality": "CT"}, pixel_bytes=50_000))
    return ["--config", str(folder / "pacsd.toml")]


def send(daemon: Running, file: Path) -> None:
    command = [sys.executable, "-m", "pacsd", "send", f"PACSD={daemon.dicom_url}", str(file)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stdout + done.stderr


def holding(path: Path) -> Iterator[Path]:
    """The descriptors of processes that have a file open."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if link.samefile(path):
                yield link


def test_a_program_is_run_on_a_study_without_a_copy(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with running(*configured(tmp_path, COUNTS), environment=environment) as daemon:
        send(daemon, tmp_path / "one.dcm")
        line = daemon.wait_for("model was run")
        daemon.wait_for("job done", kind="persist")
        jobs = daemon.ask("jobs.list")
        assert daemon.stop() == 0
        assert daemon.tracebacks() == []
    assert (line["runner"], line["model"]) == ("process:counting", "counts")
    assert isinstance(jobs, list)
    assert [job["explanation"] for job in jobs if job["kind"] == "infer"] == ["1 files, 2 links"]


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_p01_no_program_outlives_the_daemon(
    tmp_path: Path, environment: dict[str, str], how: str
) -> None:
    arguments = configured(tmp_path, STAYS)
    with running(*arguments, environment=environment, data_dir=tmp_path / "data") as daemon:
        send(daemon, tmp_path / "one.dcm")
        root = tmp_path / "data" / "ai_process"
        alive = _until_alive(root)
        if how == "killed":
            daemon.kill()
        else:
            daemon.signal(15)
            daemon.process.wait(PATIENCE_S)
        while [*holding(alive)]:
            pass


def _until_alive(root: Path) -> Path:
    while True:
        for each in root.glob("*/output/alive"):
            if [*holding(each)]:
                return each
