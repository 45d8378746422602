from io import BytesIO
from pathlib import Path

import anyio
import pytest

from pacsd.api.ai import AiFindings, AiInput, RunModel
from pacsd.api.ai_runner import AiWork, work_of
from pacsd.testing.ai_contract import SERIES, STUDY
from pacsd.testing.ai_runner_contract import AiRunnerContract
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.fake_runner import FakeRunner
from pacsd.testing.hook_records import event_subject
from pacsd.testing.objects import dicom_file

INPUT = AiInput(STUDY, SERIES, "CT", "", "20260102", is_prior=False)
FINDINGS = AiFindings("3 nodules")


def work(model: str = "nodules") -> AiWork:
    return work_of(RunModel("fake", model), event_subject(), (INPUT,), 1)


class TestContract(AiRunnerContract):
    model = "nodules"

    @pytest.fixture
    def runner(self, host: FakeHost) -> FakeRunner:
        return FakeRunner(host.instances, {"nodules": FINDINGS}, max_at_once=3)


async def test_it_finds_what_a_test_says(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    await host.instances.add(BytesIO(dicom_file({})))
    runner = FakeRunner(host.instances, {"nodules": FINDINGS, "none": None})
    assert await runner.run(work()) == FINDINGS
    assert await runner.run(work("none")) is None
    runner.findings["nodules"] = MemoryError("no room")
    with pytest.raises(MemoryError, match="no room"):
        await runner.run(work())
    assert [each.model for each in runner.works] == ["nodules", "none", "nodules"]


async def test_an_endless_one_runs_until_it_is_cancelled(tmp_path: Path) -> None:
    runner = FakeRunner(fake_host(tmp_path).instances, {"nodules": FINDINGS})
    runner.endless.add("nodules")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(runner.run, work())
        await anyio.wait_all_tasks_blocked()
        assert runner.running == 1
        tasks.cancel_scope.cancel()
    assert runner.running == 0
