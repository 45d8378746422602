import pytest

from pacsd.api.commands import PluginCommand
from pacsd.api.errors import PluginError
from pacsd.app.plugins.surfaces import Surfaces, surfaces_of
from pacsd.testing.hook_recorder import HookRecorder
from tests.api.hookspecs.hooks_of import hooks_of


async def test_what_plugins_add_is_asked_for_once() -> None:
    command = PluginCommand("export", "Write a list")
    recorder = HookRecorder({"pacsd_commands": (command,)})
    surfaces = await surfaces_of(hooks_of(recorder))
    assert surfaces.commands == {"acme": (command,)}
    assert surfaces.routes.routes == []
    assert [call.hook for call in recorder.calls] == ["pacsd_http_routes", "pacsd_commands"]


async def test_without_plugins_there_is_nothing() -> None:
    assert (await surfaces_of(hooks_of())).commands == Surfaces().commands == {}


async def test_after_a_reload_it_is_what_plugins_say_then() -> None:
    command = PluginCommand("export", "Write a list")
    surfaces = await surfaces_of(hooks_of())
    later = await surfaces_of(hooks_of(HookRecorder({"pacsd_commands": (command,)})))
    surfaces.take(later)
    assert surfaces.commands == {"acme": (command,)}


async def test_what_may_not_be_is_refused() -> None:
    wrong = HookRecorder({"pacsd_commands": (PluginCommand("No Name", "Write a list"),)})
    with pytest.raises(PluginError, match="No Name"):
        await surfaces_of(hooks_of(wrong))
