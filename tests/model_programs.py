"""Programs that the tests run as models, and runners of them."""

import os
import sys
from pathlib import Path

from pacsd_ai_process.folder import RunFolders
from pacsd_ai_process.runner import ProcessRunner
from pacsd_ai_process.settings import ProgramSettings

from pacsd.api.ai import AiInput, RunModel
from pacsd.api.ai_runner import AiWork, work_of
from pacsd.testing.ai_contract import SERIES, STUDY
from pacsd.testing.fake_host import FakeHost
from pacsd.testing.hook_records import event_subject

INPUT = AiInput(STUDY, SERIES, "CT", "", "20260102", is_prior=False)
COUNTS = """
import json, pathlib
work = json.loads(pathlib.Path("work.json").read_text())
files = sorted(pathlib.Path("input").glob("*/*.dcm"))
assert all(path.read_bytes()[128:132] == b"DICM" for path in files)
pathlib.Path("output/mask.bin").write_bytes(b"mask")
found = {"summary": f"{len(files)} files", "findings": {"model": work["model"]}}
pathlib.Path("output/result.json").write_text(json.dumps(found) if files else "null")
"""
PYTHON = Path(os.path.realpath(sys.executable))


def settings_of(program: str, **changed: object) -> ProgramSettings:
    """A program of Python, with a model `counts`."""
    return ProgramSettings.model_validate(
        {
            "name": "test",
            "models": ["counts"],
            "command": [sys.executable, "-I", "-c", program],
            "readable": [str(PYTHON.parents[1])],
            **changed,
        }
    )


def runner_of(host: FakeHost, program: str, **changed: object) -> ProcessRunner:
    """What runs it."""
    runs = RunFolders(host.data_dir / host.name, 3_600)
    return ProcessRunner(settings_of(program, **changed), host, runs)


def work(**changed: object) -> AiWork:
    """A first attempt at one series."""
    named: dict[str, object] = {"runner": "process:test", "model": "counts", **changed}
    run = RunModel(**named)  # type: ignore[arg-type]
    return work_of(run, event_subject(), (INPUT,), 1)
