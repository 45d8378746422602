"""The contract suite of what runs models.

A runner's tests subclass it, provide `model`, the name of one that it has, and a fixture `runner`,
which reads from the Host of the fixture `host`, and pytest does the rest:

    class TestMyRunner(AiRunnerContract):
        model = "nodules"

        @pytest.fixture
        def runner(self, host):
            return MyRunner(host.instances)

Whatever lies in a study, it says what the model found, or raises something that says why it did
not; it runs as many at once as it says, ends when it is told to, and goes on afterwards.
"""
# ruff: noqa: S101 - assert is how a contract suite speaks

from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from pacsd.api.ai import AiFindings, AiInput, RunModel
from pacsd.api.ai_runner import AiRunner, AiWork, work_of
from pacsd.testing.ai_contract import SERIES, STUDIES, STUDY
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.hook_records import event_subject
from pacsd.testing.objects import DEFAULTS, dicom_file

DEADLINE_S = 30.0
"""Of a run in the suite."""
END_S = 5.0
"""How soon a run that is cancelled has ended, and all that it began."""

_INPUT = AiInput(STUDY, SERIES, "CT", "", str(DEFAULTS["StudyDate"]), is_prior=False)


class AiRunnerContract:
    """What every runner does; the fixture `runner` gives one that has the model `model`."""

    model: str
    """One that it has and that needs no more than any CT series."""

    @pytest.fixture
    def host(self, tmp_path: Path) -> FakeHost:
        """The Host of the runner's plugin; the studies are put in here."""
        return fake_host(tmp_path)

    @pytest.mark.parametrize("instances", STUDIES.values(), ids=STUDIES)
    async def test_runs_on_any_study(
        self,
        runner: AiRunner,
        host: FakeHost,
        instances: Sequence[Mapping[str, str | int]],
    ) -> None:
        """In time, and it says what it found or why it found nothing; the same asked again."""
        await _bring(host, instances)
        for attempt in (1, 2):
            await _ran(runner, self._work(attempt=attempt))

    async def test_no_inputs_at_all(self, runner: AiRunner) -> None:
        """The plugin's own series are left out: there may be no others."""
        await _ran(runner, replace(self._work(), inputs=()))

    async def test_a_model_that_it_does_not_have_is_named(self, runner: AiRunner) -> None:
        """Whoever runs pacsd reads what it raises."""
        work = self._work("no-such-model-here")
        with anyio.fail_after(DEADLINE_S), pytest.raises(Exception, match="no-such-model-here"):
            await runner.run(work)

    async def test_takes_as_many_at_once_as_it_says(self, runner: AiRunner, host: FakeHost) -> None:
        """All of them come to their end."""
        places = runner.max_at_once
        assert type(places) is int
        assert places >= 1
        await _bring(host, STUDIES["a gap"])
        async with anyio.create_task_group() as tasks:
            for _ in range(min(places, 8)):
                tasks.start_soon(_ran, runner, self._work())

    async def test_one_that_is_cancelled_ends_and_others_go_on(
        self, runner: AiRunner, host: FakeHost
    ) -> None:
        """At whatever moment that is, as when a reload exchanges its plugin."""
        await _bring(host, STUDIES["a hundred"])
        for checkpoints in (0, 1, 5, 50):
            with anyio.fail_after(END_S):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_ran, runner, self._work())
                    for _ in range(checkpoints):
                        await anyio.lowlevel.checkpoint()
                    tasks.cancel_scope.cancel()
        await _ran(runner, self._work())

    def _work(self, model: str = "", attempt: int = 1) -> AiWork:
        run = RunModel("runner", model or self.model, deadline_s=DEADLINE_S)
        return work_of(run, event_subject(), (_INPUT,), attempt)


async def _bring(host: FakeHost, instances: Sequence[Mapping[str, str | int]]) -> None:
    for number, attributes in enumerate(instances, 1):
        file = dicom_file({"SOPInstanceUID": f"{SERIES}.{number}", **attributes}, pixel_bytes=512)
        await host.instances.add(BytesIO(file))


async def _ran(runner: AiRunner, work: AiWork) -> None:
    """Findings, None, or an exception with a text."""
    with anyio.fail_after(work.deadline_s):
        found, why_not = await _found(runner, work)
    assert why_not is None or why_not
    assert found is None or isinstance(found, AiFindings)


async def _found(runner: AiRunner, work: AiWork) -> tuple[object, str | None]:
    """What it found, or the text of what it raised: a run may fail, but has to say why."""
    try:
        return await runner.run(work), None
    except Exception as raised:  # noqa: BLE001 - whatever it is
        return None, str(raised)
