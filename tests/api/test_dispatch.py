import threading

import anyio
import pluggy
import pytest

from pacsd.api import hooks
from pacsd.api.acceptance import Refusal
from pacsd.api.dispatch import First, Implementation, Provider, freeze
from pacsd.api.errors import HookError

HOOK = "pacsd_association_requested"
NO = Refusal(1, 1, 1, "no")


def frozen(*plugins: object, hook: str = HOOK) -> tuple[Implementation, ...]:
    """Registered so that they are asked in the order given."""
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    for number, plugin in reversed(list(enumerate(plugins))):
        manager.register(plugin, f"plugin{number}")
    return freeze(manager, hook)


class Gate:
    """Answers what it was given, raises it if it is an exception."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[object] = []

    def decide(self, request: object) -> object:
        self.asked.append(request)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class SyncGate(Gate):
    @hooks.hookimpl
    def pacsd_association_requested(self, request: object) -> object:
        self.thread = threading.current_thread()
        return self.decide(request)


class AsyncGate(Gate):
    @hooks.hookimpl
    async def pacsd_association_requested(self, request: object) -> object:
        return self.decide(request)


class ForgetfulGate:
    @hooks.hookimpl
    def pacsd_association_requested(self) -> object:
        return NO


class SleepyGate:
    @hooks.hookimpl
    async def pacsd_association_requested(self) -> None:
        await anyio.sleep_forever()


class StuckGate:
    def __init__(self) -> None:
        self.release = threading.Event()

    @hooks.hookimpl
    def pacsd_association_requested(self) -> None:
        self.release.wait()


class WrappingGate:
    @hooks.hookimpl(wrapper=True)
    def pacsd_association_requested(self):  # type: ignore[no-untyped-def] # pluggy's way
        return (yield)


def first(
    *plugins: object, deadline_s: float = 10.0, errors: list[HookError] | None = None
) -> First[Refusal]:
    return First(
        HOOK,
        frozen(*plugins),
        Refusal,
        deadline_s=deadline_s,
        closed=lambda error: Refusal(2, 1, 1, str(error)),
        on_error=(errors if errors is not None else []).append,
    )


async def test_first_without_implementations_lets_pass() -> None:
    assert await first()(request="r") is None


@pytest.mark.parametrize("gate", [SyncGate, AsyncGate])
async def test_first_stops_at_the_first_answer(gate: type[Gate]) -> None:
    passing, refusing, unasked = gate(None), gate(NO), gate(None)
    assert await first(passing, refusing, unasked)(request="r") is NO
    assert passing.asked == refusing.asked == ["r"]
    assert unasked.asked == []


async def test_a_coroutine_never_beats_an_earlier_answer() -> None:
    assert await first(SyncGate(NO), AsyncGate(Refusal(1, 1, 2, "later")))(request="r") is NO


async def test_plain_functions_run_off_the_event_loop() -> None:
    gate = SyncGate(None)
    await first(gate)(request="r")
    assert gate.thread is not threading.main_thread()


async def test_an_implementation_may_leave_parameters_out() -> None:
    assert await first(ForgetfulGate())(request="r") is NO


@pytest.mark.parametrize("gate", [SyncGate, AsyncGate])
@pytest.mark.parametrize("raised", [ValueError("boom"), SystemExit(3)])
async def test_what_raises_is_closed_and_named(gate: type[Gate], raised: BaseException) -> None:
    errors: list[HookError] = []
    refusal = await first(gate(None), gate(raised), gate(None), errors=errors)(request="r")
    assert refusal is not None
    assert refusal.result == 2
    assert f"plugin plugin1: {HOOK}: raised {type(raised).__name__}" in refusal.explanation
    assert [error.plugin for error in errors] == ["plugin1"]
    assert errors[0].__cause__ is raised


async def test_junk_is_closed_and_named() -> None:
    refusal = await first(AsyncGate("yes"))(request="r")
    assert refusal is not None
    assert "returned str instead of Refusal or None" in refusal.explanation


async def test_a_late_coroutine_is_closed_and_named() -> None:
    errors: list[HookError] = []
    refusal = await first(AsyncGate(None), SleepyGate(), deadline_s=0.01, errors=errors)(request=1)
    assert refusal is not None
    assert "plugin plugin1" in refusal.explanation
    assert "no answer within 0.01 s" in refusal.explanation
    assert len(errors) == 1


async def test_a_late_function_is_closed_while_its_thread_still_runs() -> None:
    gate = StuckGate()
    try:
        refusal = await first(gate, deadline_s=0.01)(request=1)
    finally:
        gate.release.set()
    assert refusal is not None


async def test_being_cancelled_is_no_answer() -> None:
    errors: list[HookError] = []
    with anyio.move_on_after(0.01) as scope:
        await first(SleepyGate(), errors=errors)(request=1)
    assert scope.cancelled_caught
    assert errors == []


def test_wrappers_are_refused() -> None:
    with pytest.raises(HookError, match="wrappers are not supported"):
        frozen(WrappingGate())


class Shop:
    def __init__(self, name: str, goods: object) -> None:
        self.name = name
        self.goods = goods

    @hooks.hookimpl
    async def pacsd_blob_store(self, name: str) -> object:
        if isinstance(self.goods, Exception):
            raise self.goods
        return self.goods if name == self.name else None


class ClosedShop:
    @hooks.hookimpl
    async def pacsd_blob_store(self) -> None:
        await anyio.sleep_forever()


def provider(*plugins: object, deadline_s: float = 10.0) -> Provider[object]:
    hook = "pacsd_blob_store"
    return Provider(hook, frozen(*plugins, hook=hook), deadline_s=deadline_s)


async def test_the_provider_is_found_by_name() -> None:
    assert await provider(Shop("s3", "a"), Shop("fs", "b"))("fs") == "b"


async def test_no_provider_is_an_error() -> None:
    with pytest.raises(HookError, match="no plugin provides 'tape'"):
        await provider(Shop("fs", "b"))("tape")


async def test_two_providers_for_one_name_are_an_error() -> None:
    with pytest.raises(HookError, match=r"plugin0 and plugin1.*only one may"):
        await provider(Shop("fs", "a"), Shop("fs", "b"))("fs")


async def test_a_provider_that_raises_is_named() -> None:
    with pytest.raises(HookError, match=r"plugin0.*raised OSError: unplugged"):
        await provider(Shop("fs", OSError("unplugged")))("fs")


async def test_a_late_provider_is_named() -> None:
    with pytest.raises(HookError, match=r"plugin1.*no answer within"):
        await provider(Shop("fs", "a"), ClosedShop(), deadline_s=0.01)("fs")
