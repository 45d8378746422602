from pacsd.app.conf.options import OPTION_KEYS, Options, peer_texts, short_overrides
from pacsd.app.conf.sources import Origin, Override
from pacsd.app.conf.toml_lines import KeyPath


def values(overrides: list[Override]) -> dict[KeyPath, object]:
    return {override.path: override.value for override in overrides}


def test_nothing_given_overrides_nothing() -> None:
    assert list(Options().overrides()) == []
    assert list(short_overrides({})) == []


def test_options_name_keys() -> None:
    options = Options("data", ("127.0.0.1:1", "[::1]:1"), "", "ARCHIVE")
    assert values(list(options.overrides())) == {
        ("data_dir",): "data",
        ("dimse", "listen"): ["127.0.0.1:1", "[::1]:1"],
        ("http", "listen"): "",
        ("ae", 0, "title"): "ARCHIVE",
    }
    assert [override.origin for override in options.overrides()] == [
        Origin("command line", key.flag) for key in OPTION_KEYS
    ]


def test_each_option_has_its_variable() -> None:
    environ = {key.variable: key.flag for key in OPTION_KEYS}
    assert values(list(short_overrides(environ))) == {key.path: key.flag for key in OPTION_KEYS}


def test_peers_of_the_environment_come_before_those_of_options() -> None:
    found = peer_texts(Options(peer=("C=h:3",)), {"PACSD_PEER": "A=h:1, B=h:2,"})
    assert found == [
        ("A=h:1", Origin("environment", "PACSD_PEER")),
        ("B=h:2", Origin("environment", "PACSD_PEER")),
        ("C=h:3", Origin("command line", "--peer")),
    ]
