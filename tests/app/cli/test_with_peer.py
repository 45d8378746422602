from pathlib import Path

import pytest
import typer

from pacsd.app.cli.with_peer import endpoint_of, find_peer
from pacsd.net.endpoint import Endpoint
from pacsd.net.peers import Peer


@pytest.fixture
def config(tmp_path: Path) -> Path:
    peers = '[[peer]]\nae_title = "CT1"\nhost = "10.0.0.1"\n[[peer]]\nae_title = "CALLS"\n'
    (tmp_path / "peers.toml").write_text(peers)
    path = tmp_path / "pacsd.toml"
    path.write_text("")
    return path


def test_a_known_peer_by_its_name(config: Path) -> None:
    peer, settings = find_peer("CT1", config)
    assert endpoint_of(peer) == Endpoint("10.0.0.1", 104)
    assert settings.ae[0].title == "PACSD"


def test_any_peer_by_its_address(config: Path) -> None:
    peer, _ = find_peer("X=127.0.0.1:11112", config)
    assert (peer.ae_title, endpoint_of(peer)) == ("X", Endpoint("127.0.0.1", 11112))


@pytest.mark.parametrize("text", ["UNKNOWN", "CALLS", "A\\B=127.0.0.1:104", "X=127.0.0.1:port"])
def test_what_is_no_peer_to_call_is_refused(config: Path, text: str) -> None:
    with pytest.raises(typer.BadParameter):
        find_peer(text, config)


def test_without_a_peers_file_that_is_said(config: Path) -> None:
    with pytest.raises(typer.BadParameter, match=r"known: none \(no --config and no PACSD_CON"):
        find_peer("CT1", None)
    with pytest.raises(typer.BadParameter, match=r"known: CT1\. AET=HOST:PORT will do"):
        find_peer("CT2", config)


def test_a_peer_that_only_calls_has_no_endpoint() -> None:
    with pytest.raises(typer.BadParameter, match="CALLS may only call us"):
        endpoint_of(Peer(ae_title="CALLS"))
