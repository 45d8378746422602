import pytest

from pacsd.app.admin.plugin_records import HookCount, PluginState
from pacsd.app.cli.plugins_report import describe_plugin, plugins_as_json
from pacsd.app.plugins.available import InstalledPlugin

ACME = InstalledPlugin("acme", "acme-gate\x1b[2J", "1.0\n")
RESTING = HookCount("acme", "pacsd_hook", 1_005, 7, 3, 1.5, 12.4)
OTHER = HookCount("other", "pacsd_hook", 1, 0, 0, 0.0, 0.0)


def test_a_plugin_is_told_with_its_hooks_and_obeyed_by_no_terminal() -> None:
    assert list(describe_plugin(ACME, ["acme"], [OTHER, RESTING], [])) == [
        "acme: enabled, third-party, of acme-gate\\x1b[2J 1.0\\n",
        (
            "  pacsd_hook: 1,005 calls in 1.500 s, 7 failed, 3 times not asked; "
            "failed too often, rests for 12 s more"
        ),
    ]


def test_one_that_nobody_enabled_has_done_nothing() -> None:
    [line] = describe_plugin(ACME, [], None, None)
    assert line.startswith("acme: not enabled, ")


def test_programs_have_null_without_a_daemon_and_nothing_of_others() -> None:
    [without] = plugins_as_json([ACME], [], None, None)
    assert (without["hooks"], without["is_first_party"], without["is_enabled"]) == (
        None,
        False,
        False,
    )
    [resting] = plugins_as_json([ACME], ["acme"], [OTHER, RESTING], [])
    hooks = resting["hooks"]
    assert isinstance(hooks, list)
    assert [each["rests_s"] for each in hooks] == [12.4]
    assert resting["state"] is None


@pytest.mark.parametrize(
    ("enabled", "states", "told"),
    [
        (["acme"], [PluginState("acme", is_well=True, explanation="")], "1.0\\n"),
        (
            ["acme"],
            [PluginState("acme", is_well=False, explanation="no\ndisk")],
            "; ill: no\\ndisk",
        ),
        (
            [],
            [PluginState("acme", is_well=True, explanation="")],
            "; the daemon still runs it: reload",
        ),
        (
            ["acme"],
            [PluginState("x", is_well=True, explanation="")],
            "; the daemon does not run it: reload",
        ),
    ],
)
def test_how_one_is_is_told_if_it_is_not_as_it_should_be(
    enabled: list[str], states: list[PluginState], told: str
) -> None:
    [line] = describe_plugin(ACME, enabled, [], states)
    assert line.endswith(told)
