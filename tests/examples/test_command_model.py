from pathlib import Path

import pytest

from contrib.examples.command_model.pacsd_command_model import CommandModel, CommandModelSettings
from pacsd.api.ai import AiFindings, AiInput, RunModel
from pacsd.testing.ai_contract import STUDIES, STUDY, AiContract, worked_through
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.fake_runner import FakeRunner
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import event_subject

SETTINGS = CommandModelSettings(model="nodules", deadline_s=60)


class TestContract(AiContract):
    @pytest.fixture
    def host(self, tmp_path: Path) -> FakeHost:
        return fake_host(tmp_path)

    @pytest.fixture
    def plugin(self, host: FakeHost) -> CommandModel:
        return CommandModel(host, SETTINGS)

    @pytest.fixture
    def runner(self, host: FakeHost) -> FakeRunner:
        return FakeRunner(host.instances, {"nodules": AiFindings("3 nodules")})


async def test_what_the_runner_finds_is_a_label(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    runner = FakeRunner(host.instances, {"nodules": AiFindings("3 nodules")})
    plugin = CommandModel(host, SETTINGS)
    findings, _ = await worked_through(plugin, [{"Modality": "CT"}], runner)
    assert findings == AiFindings("3 nodules")
    assert await host.labels.of(STUDY) == ["nodules: 3 nodules"]
    [work] = runner.works
    assert (work.model, work.deadline_s, work.event_id) == ("nodules", 60, "e-1")


@pytest.mark.parametrize(("modality", "expected"), [("CT", True), ("SR", False)])
async def test_it_is_run_on_some_series_only(
    tmp_path: Path, modality: str, *, expected: bool
) -> None:
    given = (AiInput("1.2.3", "1.2.3.1", modality, "", "", is_prior=False),)
    plugin = CommandModel(fake_host(tmp_path), SETTINGS)
    answer = await call_hook(plugin, "pacsd_infer", subject=event_subject(), inputs=given)
    assert isinstance(answer, RunModel) is expected
    assert STUDIES
