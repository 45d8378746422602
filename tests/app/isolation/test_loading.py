from pathlib import Path
from typing import Any

import pytest

from pacsd.api.errors import PluginError
from pacsd.api.hooks import hookimpl
from pacsd.app.conf.decode import Problem
from pacsd.app.isolation.errors import SettingsRefused
from pacsd.app.isolation.home import Enabled, HookTraits
from pacsd.app.isolation.loading import implementations_of, load
from tests.app.isolation.homes import HOOK, enabled, host_of
from tests.app.isolation.recording_logger import RecordingLogger


@pytest.fixture
async def logger() -> RecordingLogger:
    return RecordingLogger()


async def test_a_plugin_is_made_and_its_hooks_are_found(
    tmp_path: Path, logger: RecordingLogger
) -> None:
    host = host_of(logger, tmp_path)
    loaded = load(enabled("Ordinary", tmp_path, {"depth": 4}, "ordinary"), host)
    assert loaded.plugin.host.data_dir == tmp_path
    assert loaded.plugin.settings.model_dump()["depth"] == 4
    [(name, found)] = loaded.implementations.items()
    assert (name, found.is_async) == (HOOK, True)
    assert found.traits == HookTraits(("request",), is_tryfirst=True, is_trylast=False)
    plain = load(enabled("Plain", tmp_path, {}, "ordinary"), host_of(logger)).implementations[HOOK]
    assert not plain.is_async
    assert plain.traits == HookTraits((), is_tryfirst=False, is_trylast=True)


async def test_everything_wrong_with_a_table_is_told(
    tmp_path: Path, logger: RecordingLogger
) -> None:
    with pytest.raises(SettingsRefused) as raised:
        load(enabled("Ordinary", tmp_path, {"depth": "3", "dept": 1}, "ordinary"), host_of(logger))
    assert raised.value.problems == (
        Problem(("depth",), '"3"', "must be a whole number"),
        Problem(("dept",), "", "unknown key; did you mean depth?"),
    )


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        ("Unbuilt", "cannot be constructed: raised ValueError: no bad with"),
        (
            "Misspelt",
            "unknown hook 'pacsd_asociation_requested'; did you mean pacsd_association_requested?",
        ),
        ("Misfitting", "connection"),
        ("Wrapping", "wrappers are not supported"),
        ("NOT_A_PLUGIN", "ordinary:NOT_A_PLUGIN is no pacsd.api.plugin.Plugin"),
        ("MISSING", "cannot be imported: raised AttributeError"),
    ],
)
async def test_what_does_not_fit_names_the_plugin(
    tmp_path: Path, logger: RecordingLogger, plugin: str, reason: str
) -> None:
    with pytest.raises(PluginError) as raised:
        load(enabled(plugin, tmp_path, {}, "ordinary"), host_of(logger))
    assert raised.value.plugin == "bad"
    assert reason in str(raised.value)


class Guesses:
    @hookimpl
    def on_everything(self) -> None: ...


class ForgotThePrefix:
    @hookimpl
    def study_quiet(self) -> None: ...


@pytest.mark.parametrize(
    ("plugin", "hint"),
    [
        (Guesses(), "unknown hook 'on_everything'; `pacsd hooks` lists them"),
        (ForgotThePrefix(), "unknown hook 'study_quiet'; did you mean pacsd_study_quiet?"),
    ],
)
def test_an_unknown_hook_has_a_hint(plugin: Any, hint: str) -> None:
    with pytest.raises(PluginError) as raised:
        implementations_of("bad", plugin)
    assert raised.value.explanation == hint


def test_an_optional_hook_may_be_unknown() -> None:
    class OfTomorrow:
        @hookimpl(optionalhook=True)
        def pacsd_of_tomorrow(self) -> None: ...

        @hookimpl
        def pacsd_health(self) -> None: ...

    plugin: Any = OfTomorrow()
    assert [*implementations_of("good", plugin)] == ["pacsd_health"]


async def test_a_module_that_exits_is_contained(tmp_path: Path, logger: RecordingLogger) -> None:
    with pytest.raises(PluginError, match="cannot be imported: raised ModuleNotFoundError"):
        load(Enabled("bad", "no_such_module:Plugin", {}, tmp_path), host_of(logger))
