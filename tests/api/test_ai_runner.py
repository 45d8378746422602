from pathlib import Path

from pacsd.api.ai import AiInput, RunModel
from pacsd.api.ai_runner import AiRunner, AiWork, work_of
from pacsd.testing.fake_host import fake_host
from pacsd.testing.fake_runner import FakeRunner
from pacsd.testing.hook_records import event_subject

INPUT = AiInput("1.2.3", "1.2.3.1", "CT", "", "20260102", is_prior=False)


def test_work_is_what_a_plugin_wanted_and_on_what() -> None:
    subject = event_subject()
    run = RunModel("gpu", "nodules", "2.1", '{"slices": 3}', deadline_s=60)
    work = work_of(run, subject, (INPUT,), attempt=2)
    assert work == AiWork("nodules", "2.1", '{"slices": 3}', subject, (INPUT,), 2, 60)
    assert work.event_id == subject.event.event_id


def test_a_plain_attribute_says_how_many_it_takes(tmp_path: Path) -> None:
    runner: AiRunner = FakeRunner(fake_host(tmp_path).instances, {}, max_at_once=3)
    assert runner.max_at_once == 3
