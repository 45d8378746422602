"""Each hook: its exact parameters, and that it is documented."""

import inspect
from collections.abc import Callable

import pluggy
import pytest

from pacsd.api import hooks

PARAMETERS = {
    "pacsd_blob_store": ("name",),
    "pacsd_association_requested": ("request",),
}


def specifications() -> dict[str, Callable[..., object]]:
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    found = {name: getattr(manager.hook, name) for name in dir(manager.hook)}
    return {name: getattr(hooks, name) for name in found if name.startswith("pacsd_")}


def test_these_are_all_hooks() -> None:
    assert specifications().keys() == PARAMETERS.keys()


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_hook_has_its_parameters_and_documents_each(name: str) -> None:
    function = specifications()[name]
    assert tuple(inspect.signature(function).parameters) == PARAMETERS[name]
    documentation = inspect.getdoc(function) or ""
    assert "Args:" in documentation
    assert "Returns:" in documentation
    assert all(f"{parameter}:" in documentation for parameter in PARAMETERS[name])


def test_hook_pacsd_blob_store() -> None:
    class Store:
        @hooks.hookimpl
        def pacsd_blob_store(self, name: str) -> str:
            return f"store {name}"

    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    manager.register(Store())
    assert manager.hook.pacsd_blob_store(name="x") == ["store x"]


def test_hook_pacsd_association_requested() -> None:
    class Gate:
        @hooks.hookimpl
        def pacsd_association_requested(self, request: object) -> object:
            return request

    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    manager.register(Gate())
    assert manager.hook.pacsd_association_requested(request=7) == [7]
