import pytest

from pacsd.api.ai import AiFindings, AiInput, AiResults, Prefetch
from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError
from pacsd.api.hooks import hookimpl
from pacsd.app.plugins.ai_work import HookedModels, models_of
from pacsd.app.run_log import RunLog
from pacsd.testing.hook_recorder import HookRecorder
from pacsd.testing.hook_records import event_subject
from tests.api.hookspecs.hooks_of import hooks_of

SUBJECT = event_subject()
INPUT = AiInput("1.2.3", "1.2.3.1", "CT", "", "20260102", is_prior=False)
FINDINGS, RESULTS = AiFindings("3 nodules"), AiResults(("1.9",))


async def test_the_plugin_of_the_work_is_asked() -> None:
    answers = {
        "pacsd_prefetch": Prefetch(),
        "pacsd_infer": FINDINGS,
        "pacsd_persist": RESULTS,
    }
    recorder, other = HookRecorder(answers), HookRecorder()
    models = HookedModels(hooks_of(recorder, other))
    assert await models.prefetch("acme", SUBJECT) == Prefetch()
    assert await models.infer("acme", SUBJECT, (INPUT,)) == FINDINGS
    assert await models.persist("acme", SUBJECT, FINDINGS) == RESULTS
    assert [call.hook for call in recorder.calls] == [*answers]
    assert other.calls == []


def test_who_infers_has_a_model() -> None:
    models = models_of(hooks_of(HookRecorder(), object()), RunLog(Tally()))
    assert models.origins() == {"acme": "plugin:acme"}
    assert models.deadline_s > 660


async def test_who_is_gone_has_not_answered() -> None:
    models = HookedModels(hooks_of())
    with pytest.raises(HookError, match="is not implemented now"):
        await models.persist("acme", SUBJECT, FINDINGS)


async def test_who_only_infers_wishes_for_nothing_and_writes_nothing() -> None:
    class Counter:
        @hookimpl
        async def pacsd_infer(self) -> AiFindings:
            return FINDINGS

    models = HookedModels(hooks_of(Counter()))
    assert await models.prefetch("acme", SUBJECT) is None
    assert await models.infer("acme", SUBJECT, ()) == FINDINGS
    assert await models.persist("acme", SUBJECT, FINDINGS) is None
