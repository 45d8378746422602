import tomllib
from dataclasses import replace

import pytest

from pacsd.app.config import Config
from pacsd.app.decode import decode_strictly
from pacsd.app.peers_file import PeersFile
from pacsd.app.refusal_advice import advise
from pacsd.net.admission import Admitted, Gatekeeper, Refused
from pacsd.net.ae import ApplicationEntity
from pacsd.net.peers import PeerBook
from pacsd.net.places import Places
from pacsd.net.recorder import Refusal
from pacsd.net.settings import AESettings, DimseSettings
from pacsd.ul.pdu import AssociateRQ
from tests.app.small_daemon import REFUSAL, USER_INFORMATION

KEYS_OF_THE_GATEKEEPER = [
    "ae.title",
    "peer.ae_title or dimse.unknown_peers",
    "peer.addresses",
    "ae.calling_ae_titles",
    "peer.called_ae_titles",
    "dimse.max_associations",
    "dimse.max_associations_per_peer",
    "peer.max_associations",
    "ae.max_associations",
]


@pytest.mark.parametrize("key", KEYS_OF_THE_GATEKEEPER)
def test_what_is_to_be_pasted_is_valid_in_its_file(key: str) -> None:
    refusal = replace(REFUSAL, key=key, calling_ae='CT "1"')
    advice = advise(refusal)
    tree = tomllib.loads(advice.toml)
    decode_strictly(PeersFile if advice.in_peers_file else Config, tree)
    assert tree


@pytest.mark.parametrize("key", KEYS_OF_THE_GATEKEEPER)
def test_what_is_to_be_pasted_sets_the_key(key: str) -> None:
    advice = advise(replace(REFUSAL, key=key))
    assert key.partition(" or ")[0].rpartition(".")[2] in advice.toml
    assert advice.in_peers_file == key.startswith("peer.")


def test_no_key_helps() -> None:
    advice = advise(replace(REFUSAL, key=""))
    assert advice.toml == ""
    assert "No setting" in advice.text


def test_a_called_title_that_cannot_be_one() -> None:
    advice = advise(replace(REFUSAL, key="ae.title", called_ae=r"A\x00B"))
    assert advice.toml == ""
    assert "correct the called AE" in advice.text


def decide(refusal: Refusal, toml: str = "") -> Admitted | Refused:
    tree = tomllib.loads(toml)
    peers = PeerBook(decode_strictly(PeersFile, tree).peer)
    dimse = DimseSettings(unknown_peers="refuse")
    own = ApplicationEntity.of(AESettings(), dimse)
    gatekeeper = Gatekeeper({"PACSD": own}, peers, Places(10, 0), 10)
    request = AssociateRQ(refusal.called_ae, refusal.calling_ae, (), USER_INFORMATION)
    return gatekeeper.decide(request, refusal.peer_address)


def test_the_advice_lets_the_caller_in() -> None:
    refused = decide(REFUSAL)
    assert isinstance(refused, Refused)
    assert refused.key == REFUSAL.key
    assert isinstance(decide(REFUSAL, advise(REFUSAL).toml), Admitted)
