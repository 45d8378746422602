import re
import tomllib
from pathlib import Path

import pytest

from pacsd.app.conf import docs
from pacsd.app.conf.decode import decode_strictly
from pacsd.app.conf.docs import describe, example_files, render_config, render_peers, toml_value
from pacsd.app.conf.peers_file import PeersFile
from pacsd.app.conf.setting_keys import setting_keys
from pacsd.app.conf.settings import Config, ExtraTagSettings
from pacsd.net.peers import Peer
from pacsd.net.settings import HttpSettings
from pacsd.net.web.settings import WebClientSettings

REPOSITORY = Path(__file__).parents[3]


def uncommented(text: str, marks: str) -> dict[str, object]:
    return tomllib.loads(re.sub(rf"^{marks}(?=[a-z\[])", "", text, flags=re.MULTILINE))


@pytest.mark.parametrize("path", example_files(), ids=str)
def test_the_example_files_are_current(path: Path) -> None:
    assert (REPOSITORY / path).read_text(encoding="utf-8") == example_files()[path]


def test_the_example_as_it_is_is_the_defaults() -> None:
    assert decode_strictly(Config, tomllib.loads(render_config())) == Config()
    assert decode_strictly(PeersFile, tomllib.loads(render_peers())) == PeersFile()


def test_the_example_uncommented_is_the_defaults() -> None:
    config = decode_strictly(Config, uncommented(render_config(), "#"))
    # A table that may stand any number of times shows one.
    assert (
        config.model_copy(
            update={"extra_tag": (), "web_client": (), "web_target": (), "route_target": ()}
        )
        == Config()
    )
    assert config.extra_tag == (ExtraTagSettings(tag="PatientSpeciesDescription"),)
    assert config.web_client == (WebClientSettings(profile="ohif"),)
    [target] = config.web_target
    assert (target.name, target.url) == ("siteb", "https://siteb.example.org/dicomweb")
    peers = decode_strictly(PeersFile, uncommented(render_peers(), "#")).peer
    assert peers == (Peer(ae_title="CT1"),)


def test_every_key_stands_in_the_example() -> None:
    written = uncommented(render_config(), "##?")
    decode_strictly(Config, written)
    for key in setting_keys(Config):
        table: object = written
        for name in key.path[:-1]:
            inner = table[name] if isinstance(table, dict) else None
            table = inner[0] if isinstance(inner, list) else inner
        assert isinstance(table, dict)
        assert key.path[-1] in table


def test_every_peer_key_stands_in_the_example() -> None:
    (peer,) = decode_strictly(PeersFile, uncommented(render_peers(), "##?")).peer
    assert peer.model_fields_set == set(Peer.model_fields)


def test_lines_fit() -> None:
    assert max(len(line) for line in render_config().splitlines()) <= 100


def test_describe_a_key() -> None:
    assert describe("dimse.backlog") == (
        "dimse.backlog = 512\n"
        "    Connections the operating system keeps waiting to be accepted.\n"
        "    1 to 65535. Environment: PACSD_DIMSE__BACKLOG."
    )


def test_describe_a_table_and_all() -> None:
    assert describe("http").count("\n\n") == len(HttpSettings.model_fields) - 1
    assert "peer.ae_title\n" in describe("peer")
    everything = describe()
    assert all(f"{key.dotted}" in everything for key in setting_keys(Config))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("dimse.lisen", "dimse.listen"), ("max_asociations_per_peer", "dimse.max_associations_per")],
)
def test_describe_names_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(KeyError, match=f"no such key; did you mean {meant}"):
        describe(name)


def test_describe_what_is_like_nothing() -> None:
    with pytest.raises(KeyError, match="no such key'"):
        describe("zzzzzzzz")


@pytest.mark.parametrize(
    "value", [True, 5, 0.5, float("inf"), 'a"\n\x7f\u00e4', ["a", 1], {"a b": {"c": [True]}}]
)
def test_toml_value_is_toml(value: object) -> None:
    assert tomllib.loads(f"v = {toml_value(value)}") == {"v": value}


def test_toml_value_of_paths_and_nothing() -> None:
    assert toml_value(Path("a/b")) == '"a/b"'
    assert toml_value(None) == ""
    assert docs.toml_value(("a", "b")) == '["a", "b"]'
