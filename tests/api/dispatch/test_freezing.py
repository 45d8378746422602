import threading

import pytest

from pacsd.api import hooks
from pacsd.api.dispatch.freezing import freeze, mark_as_hopping
from pacsd.api.errors import HookError
from tests.api.dispatch.panels import REQUESTED, AsyncGate, PlainGate, in_a_thread, manager_of


class WrappingGate:
    @hooks.hookimpl(wrapper=True)
    def pacsd_association_requested(self):  # type: ignore[no-untyped-def] # pluggy's way
        return (yield)


class Eager:
    @hooks.hookimpl(tryfirst=True)
    async def pacsd_association_requested(self) -> None: ...


def test_they_are_in_the_order_of_asking() -> None:
    frozen = freeze(manager_of(AsyncGate(1), AsyncGate(2), Eager()), REQUESTED, in_a_thread)
    assert [each.plugin for each in frozen] == ["plugin2", "plugin0", "plugin1"]
    assert [each.parameters for each in frozen] == [(), ("request",), ("request",)]
    assert [each.takes_all for each in frozen] == [False, True, True]


def test_wrappers_are_refused() -> None:
    with pytest.raises(HookError, match="wrappers are not supported"):
        freeze(manager_of(WrappingGate()), REQUESTED, in_a_thread)


async def test_plain_functions_run_elsewhere() -> None:
    class Where:
        @hooks.hookimpl
        def pacsd_association_requested(self) -> object:
            return threading.current_thread()

    [implementation] = freeze(manager_of(Where()), REQUESTED, in_a_thread)
    assert implementation.hops
    assert await implementation.begin({}) is not threading.main_thread()


def test_an_async_function_hops_when_it_says_so() -> None:
    class Far:
        @hooks.hookimpl
        async def pacsd_association_requested(self) -> None: ...

    mark_as_hopping(Far.pacsd_association_requested)
    frozen = freeze(manager_of(Far(), AsyncGate(1), PlainGate(1)), REQUESTED, in_a_thread)
    assert [each.hops for each in frozen] == [True, False, True]
