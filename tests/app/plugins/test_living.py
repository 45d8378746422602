from importlib.metadata import EntryPoint

import pytest

from pacsd.api.plugin import DAEMON_KEYS
from pacsd.app.plugins.available import available
from pacsd.app.plugins.living import (
    Isolation,
    Living,
    LivingRefused,
    is_ours,
    living_of,
    own_keys,
)

THEIRS = EntryPoint("acme", "acme:Acme", "pacsd.plugins")
OURS = available()["store_fs"]


def test_no_settings_of_a_plugin_can_hide_these_keys() -> None:
    assert {*Living.model_fields} == DAEMON_KEYS


def test_who_wrote_a_plugin() -> None:
    assert is_ours(OURS)
    assert not is_ours(THEIRS)


@pytest.mark.parametrize(
    ("entry_point", "table", "isolation"),
    [
        (OURS, {}, Isolation.INLINE),
        (THEIRS, {}, Isolation.PROCESS),
        (THEIRS, {"trusted": True}, Isolation.INLINE),
        (THEIRS, {"trusted": True, "isolation": "thread"}, Isolation.THREAD),
        (THEIRS, {"trusted": True, "isolation": "process"}, Isolation.PROCESS),
        (THEIRS, {"isolation": "process"}, Isolation.PROCESS),
        (OURS, {"isolation": "process"}, Isolation.PROCESS),
    ],
)
def test_where_a_plugin_lives(
    entry_point: EntryPoint, table: dict[str, object], isolation: Isolation
) -> None:
    assert living_of({**table, "depth": 3}, entry_point)[0] is isolation


@pytest.mark.parametrize(
    ("table", "path", "rule"),
    [
        ({"isolation": "inline"}, "isolation", "only a plugin with trusted = true"),
        ({"isolation": "thread", "trusted": False}, "isolation", "only a plugin with trusted"),
        ({"isolation": "jail"}, "isolation", "must be 'inline', 'thread' or 'process'"),
        ({"trusted": "yes"}, "trusted", "must be"),
        ({"memory_mb": 1}, "memory_mb", "must be >= 64"),
    ],
)
def test_what_may_not_be(table: dict[str, object], path: str, rule: str) -> None:
    with pytest.raises(LivingRefused) as refused:
        living_of(table, THEIRS)
    [problem] = refused.value.problems
    assert problem.path == (path,)
    assert problem.rule.startswith(rule)
    assert path in str(refused.value)


def test_the_other_keys_are_the_plugins_own() -> None:
    table: dict[str, object] = {"trusted": True, "isolation": "thread", "memory_mb": 64, "depth": 3}
    assert own_keys(table) == {"depth": 3}
    assert living_of(table, THEIRS)[1] == Living(
        trusted=True, isolation=Isolation.THREAD, memory_mb=64
    )
