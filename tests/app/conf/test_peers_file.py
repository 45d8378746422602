from collections.abc import Iterable
from pathlib import Path

import pytest

from pacsd.app.conf.errors import ConfigErrors
from pacsd.app.conf.peers_file import load
from pacsd.net.endpoint import Endpoint
from pacsd.net.peers import Admission, Peer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "peers.toml"


def errors_of(file: Path) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load(file)
    return [str(error).replace(f"{file.parent}/", "") for error in caught.value.errors]


def test_without_a_file_there_are_the_others() -> None:
    assert list(load(None)) == []
    assert [peer.ae_title for peer in load(None, [Peer.parse("A=h:1")])] == ["A"]


def test_peers_are_decoded(file: Path) -> None:
    file.write_text(
        '[[peer]]\nae_title = "CT1"\naddresses = "10.1.0.0/16"\n'
        '[[peer]]\nae_title = "WS1"\nhost = "10.2.0.1"\nmove_destination = true\n',
        encoding="utf-8",
    )
    book = load(file)
    assert book.admits("CT1", "10.1.9.9") is Admission.KNOWN
    assert book.destination("WS1") is not None


def test_another_gives_host_and_port_only(file: Path) -> None:
    file.write_text('[[peer]]\nae_title = "A"\nhost = "x"\nstrict = true\n', encoding="utf-8")
    peer = load(file, [Peer.parse("A=h:1")]).find("A")
    assert peer is not None
    assert (peer.endpoint, peer.strict) == (Endpoint("h", 1), True)


def test_all_errors_at_once_with_their_lines(file: Path) -> None:
    file.write_text('[[peer]]\nhots = "x"\n[[peer]]\nae_title = "A"\nport = "1"\n', "utf-8")
    assert errors_of(file) == [
        "peers.toml:1: peer[1].ae_title: is required",
        "peers.toml:2: peer[1].hots: unknown key; did you mean host?",
        'peers.toml:5: peer[2].port = "1": must be a whole number',
    ]


def test_a_title_given_twice_names_both_lines(file: Path) -> None:
    file.write_text('[[peer]]\nae_title = "A"\n\n[[peer]]\nae_title = "A"\n', encoding="utf-8")
    assert errors_of(file) == [
        'peers.toml:5: peer[2].ae_title = "A": given twice, first at peers.toml:2'
    ]


def test_only_names_that_are_needed_are_looked_up() -> None:
    asked: list[str] = []

    def resolve(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        asked.extend(names)
        return {"ct.example.org": ("192.0.2.7",)}

    others = [
        Peer.parse("CT1=ct.example.org:104"),
        Peer.parse("CT2=192.0.2.8:104"),
        Peer(ae_title="CT3", host="ws.example.org", addresses=("192.0.2.9",)),
        Peer(ae_title="CT4"),
    ]
    book = load(None, others, resolve)
    assert asked == ["ct.example.org"]
    assert book.admits("CT1", "192.0.2.7") is Admission.KNOWN
    assert book.unresolved == ()
