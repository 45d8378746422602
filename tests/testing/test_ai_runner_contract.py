"""The suite lets a good runner pass (see test_fake_runner), and notices those that are none."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from pacsd.api.ai import AiFindings
from pacsd.api.ai_runner import AiWork
from pacsd.testing import ai_runner_contract
from pacsd.testing.ai_contract import STUDIES
from pacsd.testing.ai_runner_contract import AiRunnerContract
from pacsd.testing.fake_host import FakeHost, fake_host


class Suite(AiRunnerContract):
    model = "nodules"


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return fake_host(tmp_path)


class Runner:
    """Finds so, whatever the model; an exception is raised."""

    def __init__(self, finds: Any = None, max_at_once: Any = 1) -> None:
        self.finds = finds
        self.max_at_once = max_at_once

    async def run(self, _: AiWork, /) -> AiFindings | None:
        if isinstance(self.finds, Exception):
            raise self.finds
        return self.finds  # type: ignore[no-any-return]


@pytest.mark.parametrize("finds", ["3 nodules", ValueError()])
async def test_notices_other_answers_and_failures_without_a_reason(
    host: FakeHost, finds: object
) -> None:
    with pytest.raises(AssertionError):
        await Suite().test_runs_on_any_study(Runner(finds), host, STUDIES["a gap"])
    with pytest.raises(AssertionError):
        await Suite().test_no_inputs_at_all(Runner(finds))


async def test_notices_one_that_runs_any_model_or_does_not_name_it() -> None:
    with pytest.raises(pytest.fail.Exception):
        await Suite().test_a_model_that_it_does_not_have_is_named(Runner())
    with pytest.raises(AssertionError, match="no-such-model-here"):
        await Suite().test_a_model_that_it_does_not_have_is_named(Runner(KeyError("what?")))


@pytest.mark.parametrize("places", [0, "1", None])
async def test_notices_one_that_takes_none(host: FakeHost, places: object) -> None:
    with pytest.raises(AssertionError):
        await Suite().test_takes_as_many_at_once_as_it_says(Runner(max_at_once=places), host)


class Stubborn(Runner):
    """Goes on when it is cancelled."""

    async def run(self, _: AiWork, /) -> AiFindings | None:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(ai_runner_contract.END_S * 3)
        return None


async def test_notices_one_that_does_not_end(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ai_runner_contract, "END_S", 0.02)
    with pytest.raises(TimeoutError):
        await Suite().test_one_that_is_cancelled_ends_and_others_go_on(Stubborn(), host)
