import pytest

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.errors import HookError, PluginError
from pacsd.api.hooks import hookimpl
from pacsd.api.receiving import ReceivedInstance
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import association_request, received_instance

REQUESTED = "pacsd_association_requested"
NO = Refusal(1, 1, 3, "no")


class Gate:
    """Answers what it was given, raises it if it is an exception."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    @hookimpl
    def pacsd_association_requested(self, request: AssociationRequest) -> object:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer if request.calling_ae == "CT1" else None


class AsyncGate(Gate):
    @hookimpl
    async def pacsd_association_requested(  # type: ignore[override] # another colour
        self,
    ) -> object:
        return self.answer


@pytest.mark.parametrize("gate", [Gate, AsyncGate])
async def test_it_has_the_answer(gate: type[Gate]) -> None:
    assert await call_hook(gate(NO), REQUESTED, request=association_request()) == NO
    assert await call_hook(gate(None), REQUESTED, request=association_request()) is None


async def test_what_raises_or_answers_junk_is_not_forgiven() -> None:
    with pytest.raises(HookError, match="raised ValueError: boom") as raised:
        await call_hook(Gate(ValueError("boom")), REQUESTED, request=association_request())
    assert isinstance(raised.value.__cause__, ValueError)
    with pytest.raises(HookError, match=r"returned str instead of Refusal \| None"):
        await call_hook(Gate("no"), REQUESTED, request=association_request())


async def test_what_is_asked_must_be_a_hook_it_has_with_all_arguments() -> None:
    with pytest.raises(LookupError, match="pacsd_x: there is no such hook"):
        await call_hook(Gate(None), "pacsd_x")
    with pytest.raises(LookupError, match="Gate does not implement pacsd_instance_received"):
        await call_hook(Gate(None), "pacsd_instance_received", instance=received_instance())
    with pytest.raises(TypeError, match="has request; given: reqest"):
        await call_hook(Gate(None), REQUESTED, reqest=1)


async def test_a_store_is_chosen_among_those_of_the_question() -> None:
    class Chooser:
        @hookimpl
        def pacsd_choose_store(self, instance: ReceivedInstance) -> str:
            return instance.attributes["Modality"]

    asked = {"instance": received_instance({"Modality": "MR"}), "stores": ("CT", "MR")}
    assert await call_hook(Chooser(), "pacsd_choose_store", **asked) == "MR"
    with pytest.raises(HookError, match="returned store 'MR', which is none of CT"):
        await call_hook(Chooser(), "pacsd_choose_store", **{**asked, "stores": ("CT",)})


async def test_hooks_that_do_not_fit_are_told() -> None:
    class Misspelt:
        @hookimpl
        def pacsd_asociation_requested(self) -> None: ...

    with pytest.raises(PluginError, match="unknown hook"):
        await call_hook(Misspelt(), REQUESTED, request=association_request())
