"""RouteRules as pacsd calls it."""

from pathlib import Path

import pytest
from pacsd_route_rules import RouteRules
from pacsd_route_rules.rule_file import RuleFileError
from pacsd_route_rules.settings import RouteRulesSettings

from pacsd.api.config_change import ConfigChange
from pacsd.api.events import EventKind
from pacsd.api.health import Health
from pacsd.api.routing import HeaderWanted, Route, RouteTrial, RulesRefused, RuleVerdict
from pacsd.testing.fake_host import FakeHost
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import event_subject

SUBJECT = event_subject({"Modality": "CT"})


def write(folder: Path, target: str, key: str = "Modality") -> None:
    rule = f'[[rule]]\nname = "{target}"\nmatch = {{ {key} = "CT" }}\nto = "{target}"\n'
    (folder / "rules.toml").write_text(rule, encoding="utf-8")


def plugin_in(folder: Path) -> RouteRules:
    settings = RouteRulesSettings.model_validate({"file": "rules.toml"})
    return RouteRules(FakeHost(name="route_rules", data_dir=folder), settings)


async def started(folder: Path) -> RouteRules:
    plugin = plugin_in(folder)
    assert plugin.check() == ()
    await plugin.startup()
    return plugin


async def test_routes_what_the_rules_of_the_file_say(tmp_path: Path) -> None:
    write(tmp_path, "peer:A")
    plugin = await started(tmp_path)
    routes = await call_hook(plugin, "pacsd_route", subject=SUBJECT)
    assert routes == (Route("peer:A", "rule peer:A", rule="peer:A"),)
    write(tmp_path, "peer:A", key="SliceThickness")
    assert await call_hook(await started(tmp_path), "pacsd_route", subject=SUBJECT) == (
        HeaderWanted()
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "rules.toml: No such file or directory"),
        (b"\xff", "rules.toml: is not UTF-8"),
        (b"x = 1", "rules.toml: x: Extra inputs are not permitted"),
    ],
)
async def test_a_file_that_cannot_be_used_keeps_the_daemon_from_starting(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "rules.toml").write_bytes(content)
    plugin = plugin_in(tmp_path)
    [why] = plugin.check()
    assert said in why
    with pytest.raises(RuleFileError):
        await plugin.startup()


async def test_a_reload_takes_the_rules_of_the_file_unless_it_has_an_error(tmp_path: Path) -> None:
    write(tmp_path, "peer:A")
    plugin = await started(tmp_path)
    change = ConfigChange()
    write(tmp_path, "peer:B", key="Modalty")
    await call_hook(plugin, "pacsd_config_changed", change=change)
    assert await call_hook(plugin, "pacsd_route", subject=SUBJECT) == (
        Route("peer:A", "rule peer:A", rule="peer:A"),
    )
    health = await call_hook(plugin, "pacsd_health")
    assert isinstance(health, Health)
    assert not health.is_well
    assert "'Modalty' is no keyword" in health.explanation
    write(tmp_path, "peer:B")
    await call_hook(plugin, "pacsd_config_changed", change=change)
    assert await call_hook(plugin, "pacsd_route", subject=SUBJECT) == (
        Route("peer:B", "rule peer:B", rule="peer:B"),
    )
    assert await call_hook(plugin, "pacsd_health") is None


async def test_tries_the_rules_in_force_and_others(tmp_path: Path) -> None:
    write(tmp_path, "peer:A")
    plugin = await started(tmp_path)
    other = '[[rule]]\nname = "series"\nof = "series"\nto = "peer:C"\n'
    wanted = {
        None: (Route("peer:A", "rule peer:A", rule="peer:A"), EventKind.STUDY_QUIET),
        other: (Route("peer:C", "rule series", rule="series"), EventKind.SERIES_QUIET),
    }
    for rules, (route, kind) in wanted.items():
        answer = await call_hook(plugin, "pacsd_route_trial", subject=None, rules=rules)
        assert answer == RouteTrial((route,), (), (kind,))
    trial = await call_hook(plugin, "pacsd_route_trial", subject=SUBJECT, rules=None)
    assert trial == RouteTrial(
        (Route("peer:A", "rule peer:A", rule="peer:A"),),
        (RuleVerdict("peer:A", is_match=True, why="Modality = CT"),),
        (EventKind.STUDY_QUIET,),
    )
    series = event_subject({"Modality": "CT"}, EventKind.SERIES_QUIET)
    trial = await call_hook(plugin, "pacsd_route_trial", subject=series, rules=other)
    assert isinstance(trial, RouteTrial)
    assert trial.routes == (Route("peer:C", "rule series", rule="series"),)
    refused = await call_hook(plugin, "pacsd_route_trial", subject=None, rules="x = 1")
    assert refused == RulesRefused("x: Extra inputs are not permitted")
