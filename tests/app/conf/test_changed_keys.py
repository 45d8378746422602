"""What a reload does not take over."""

from pathlib import Path

import pytest

from pacsd.app.conf.changed_keys import (
    READ_AT_RELOAD,
    at_reload,
    changed_keys,
    keys_for_restart,
)
from pacsd.app.conf.settings import Config


def config(**values: object) -> Config:
    return Config.model_validate(values)


@pytest.mark.parametrize(
    ("before", "after", "keys"),
    [
        ({}, {}, ()),
        ({"dimse": {"artim_timeout_s": 30}}, {"dimse": {"artim_timeout_s": 30.0}}, ()),
        ({}, {"peers_file": Path("others.toml")}, ()),
        ({}, {"data_dir": Path("other")}, ("data_dir",)),
        ({}, {"store": {"others": ["store_s3"]}}, ("store.others",)),
        (
            {"dimse": {"artim_timeout_s": 20}, "http": {"listen": "127.0.0.1:8080"}},
            {"dimse": {"artim_timeout_s": 21}, "http": {"listen": ""}},
            ("dimse.artim_timeout_s", "http.listen"),
        ),
        ({"ae": [{"title": "A"}]}, {"ae": [{"title": "B"}, {"title": "A"}]}, ("ae",)),
        (
            {"plugins": {"s3": {"auth": {"token": "a"}, "bucket": "b"}}},
            {"plugins": {"s3": {"auth": {"token": "c"}, "bucket": "b"}, "fs": {"threads": 1}}},
            ("plugins.s3.auth.token", "plugins.fs.threads"),
        ),
        ({"plugins": {"s3": {"bucket": "b"}}}, {}, ("plugins.s3.bucket",)),
    ],
)
def test_keys_for_restart(
    before: dict[str, object], after: dict[str, object], keys: tuple[str, ...]
) -> None:
    assert keys_for_restart(config(**before), config(**after)) == keys


def test_what_a_reload_reads_is_a_setting() -> None:
    assert Config.model_fields.keys() >= READ_AT_RELOAD


def test_a_plugin_without_settings_is_named_as_a_whole() -> None:
    before = config(plugins={"gate": {}, "fs": {"threads": 1}})
    after = config(plugins={"fs": {"threads": 1}, "auth": {}}, peers_file=Path("others.toml"))
    assert changed_keys(before, after) == ("peers_file", "plugins.auth", "plugins.gate")


def test_a_reload_takes_plugins_and_peers_but_what_is_pinned() -> None:
    running = config(plugins={"fs": {"threads": 1}, "s3": {"bucket": "a"}, "gate": {"old": 1}})
    read = config(
        data_dir=Path("other"),
        peers_file=Path("others.toml"),
        plugins={"gate": {"new": 1}, "s3": {"bucket": "b"}, "auth": {}, "spool": {"size": 1}},
    )
    found = at_reload(running, read, {"fs", "s3", "spool"})
    assert [*found.plugins.items()] == [
        ("fs", {"threads": 1}),
        ("gate", {"new": 1}),
        ("s3", {"bucket": "a"}),
        ("auth", {}),
    ]
    assert (found.peers_file, found.data_dir) == (Path("others.toml"), running.data_dir)
    assert keys_for_restart(found, read) == (
        "data_dir",
        "plugins.fs.threads",
        "plugins.s3.bucket",
        "plugins.spool.size",
    )
