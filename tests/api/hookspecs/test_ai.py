import pytest

from pacsd.api.ai import AiFindings, AiInput, AiResults, Prefetch, PriorWish, RunModel
from pacsd.api.ai_runner import AiRunner, AiWork
from pacsd.api.errors import HookError, NotProvided
from pacsd.api.event_subject import EventSubject
from pacsd.api.hooks import hookimpl
from pacsd.testing.hook_records import event_subject
from tests.api.hookspecs.hooks_of import hooks_of

SUBJECT = event_subject()
INPUT = AiInput("1.2.3", "1.2.3.1", "CT", "CHEST", "20260102", is_prior=False)
FINDINGS = AiFindings("3 nodules", "{}")


class Model:
    """Wishes, finds and writes so; an exception is raised."""

    def __init__(
        self, *, wishes: object = None, finds: object = None, writes: object = None
    ) -> None:
        self.answers = {"prefetch": wishes, "infer": finds, "persist": writes}
        self.asked: list[tuple[object, ...]] = []

    def answer(self, stage: str, *asked: object) -> object:
        self.asked.append((stage, *asked))
        answer = self.answers[stage]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @hookimpl
    async def pacsd_prefetch(self, subject: EventSubject) -> object:
        return self.answer("prefetch", subject)

    @hookimpl
    async def pacsd_infer(self, subject: EventSubject, inputs: tuple[AiInput, ...]) -> object:
        return self.answer("infer", subject, inputs)

    @hookimpl
    async def pacsd_persist(self, subject: EventSubject, findings: AiFindings) -> object:
        return self.answer("persist", subject, findings)


async def test_hook_pacsd_prefetch() -> None:
    wishes = Prefetch((PriorWish("CT"),), ("1.9",))
    model = Model(wishes=wishes)
    assert await hooks_of(model).prefetch.ask("acme", subject=SUBJECT) == wishes
    assert model.asked == [("prefetch", SUBJECT)]
    with pytest.raises(HookError, match="returned tuple instead of Prefetch"):
        await hooks_of(Model(wishes=())).prefetch.ask("acme", subject=SUBJECT)


async def test_hook_pacsd_infer() -> None:
    model = Model(finds=FINDINGS)
    hooks = hooks_of(model)
    assert hooks.infer.plugins == ("acme",)
    assert await hooks.infer.ask("acme", subject=SUBJECT, inputs=(INPUT,)) == FINDINGS
    assert model.asked == [("infer", SUBJECT, (INPUT,))]
    broken = hooks_of(Model(finds=MemoryError("no room")))
    with pytest.raises(HookError, match="pacsd_infer: raised MemoryError: no room"):
        await broken.infer.ask("acme", subject=SUBJECT, inputs=())


async def test_a_model_may_be_run_by_another() -> None:
    run = RunModel("gpu", "nodules", parameters="{}")
    hooks = hooks_of(Model(finds=run))
    assert await hooks.infer.ask("acme", subject=SUBJECT, inputs=(INPUT,)) == run


class Gpu:
    """The runner `gpu`."""

    max_at_once = 1

    async def run(self, work: AiWork, /) -> AiFindings | None:
        return AiFindings(work.model)


async def test_hook_pacsd_ai_runner() -> None:
    gpu = Gpu()

    class Cards:
        @hookimpl
        async def pacsd_ai_runner(self, name: str) -> AiRunner | None:
            return gpu if name == "gpu" else None

    hooks = hooks_of(Cards())
    assert await hooks.ai_runner("gpu") is gpu
    with pytest.raises(NotProvided, match="no plugin provides 'cloud'"):
        await hooks.ai_runner("cloud")
    with pytest.raises(HookError, match="both provide 'gpu', only one may"):
        await hooks_of(Cards(), Cards()).ai_runner("gpu")


async def test_hook_pacsd_persist() -> None:
    model = Model(writes=AiResults(("1.2.9",)))
    hooks = hooks_of(model)
    answer = await hooks.persist.ask("acme", subject=SUBJECT, findings=FINDINGS)
    assert answer == AiResults(("1.2.9",))
    assert model.asked == [("persist", SUBJECT, FINDINGS)]
    junk = hooks_of(Model(writes=AiResults((7,))))  # type: ignore[arg-type]
    with pytest.raises(HookError, match="plugin acme: pacsd_persist: returned"):
        await junk.persist.ask("acme", subject=SUBJECT, findings=FINDINGS)
