import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import pacsd.net
from pacsd.app.cli.refusal_advice import advise
from pacsd.app.conf.addresses import caller_addresses
from pacsd.app.conf.decode import decode_strictly
from pacsd.app.conf.peers_file import PeersFile
from pacsd.app.conf.settings import Config
from pacsd.net.admission import PLUGINS, Admitted, Gatekeeper, Refused
from pacsd.net.ae import ApplicationEntity
from pacsd.net.peers import PeerBook
from pacsd.net.places import Places
from pacsd.net.recorder import Refusal
from pacsd.net.settings import AESettings, DimseSettings
from pacsd.ul.pdu import AssociateRQ
from tests.app.small_daemon import REFUSAL, USER_INFORMATION

ROOM = Path(pacsd.net.__file__).parent
KEY = re.compile(r"(ae|dimse|peer|store)\.\w+( or (ae|dimse|peer|store)\.\w+)*")
KEY_PARAMETER = {"Refused": (2, "key"), "silent": (1, "key")}
NO_KEY = ""


def nodes_of_the_room() -> Iterator[ast.AST]:
    for module in sorted(ROOM.glob("*.py")):
        yield from ast.walk(ast.parse(module.read_text(encoding="utf-8")))


def texts(node: ast.AST) -> Iterator[str]:
    """The texts in an expression: both arms of a choice are found so."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def passed_keys() -> set[str]:
    """Every key written where a refusal is told of."""
    keys: set[str] = set()
    for node in nodes_of_the_room():
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place, keyword = KEY_PARAMETER.get(name, (len(node.args), ""))
            named = (each.value for each in node.keywords if each.arg and each.arg == keyword)
            for argument in (*node.args[place : place + 1], *named):
                keys.update(texts(argument))
    return keys


def written_keys() -> list[str]:
    """Every text of the room that is a key and nothing else; limits pass theirs on in variables."""
    constants = (node for node in nodes_of_the_room() if isinstance(node, ast.Constant))
    values = {node.value for node in constants if isinstance(node.value, str)}
    return sorted(value for value in values if KEY.fullmatch(value))


KEYS = written_keys()


def test_the_keys_are_found() -> None:
    assert passed_keys() - {NO_KEY} <= set(KEYS)
    assert {"dimse.artim_timeout_s", "peer.host", "ae.title"} <= passed_keys()
    assert {"dimse.max_associations", "peer.max_associations"} <= set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_an_advice(key: str) -> None:
    assert "No setting" not in advise(replace(REFUSAL, key=key)).text


@pytest.mark.parametrize("key", KEYS)
def test_what_is_to_be_pasted_is_valid_in_its_file(key: str) -> None:
    refusal = replace(REFUSAL, key=key, calling_ae='CT "1"')
    advice = advise(refusal)
    tree = tomllib.loads(advice.toml)
    decode_strictly(PeersFile if advice.in_peers_file else Config, tree)
    assert tree


@pytest.mark.parametrize("key", KEYS)
def test_what_is_to_be_pasted_sets_the_key(key: str) -> None:
    advice = advise(replace(REFUSAL, key=key))
    assert key.partition(" or ")[0].rpartition(".")[2] in advice.toml
    assert advice.in_peers_file == key.startswith("peer.")


def test_no_key_helps() -> None:
    advice = advise(replace(REFUSAL, key=""))
    assert advice.toml == ""
    assert "No setting" in advice.text


def test_where_a_plugin_refused_it_is_looked_for_there() -> None:
    advice = advise(replace(REFUSAL, key=PLUGINS))
    assert advice.toml == ""
    assert "[plugins.NAME]" in advice.text


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


@pytest.mark.parametrize(
    "table",
    [
        'host = "192.0.2.1"',
        'addresses = ["192.0.2.1", "10.0.0.0/8"]',
    ],
)
def test_the_advice_keeps_the_addresses_there_are(table: str) -> None:
    toml = f'[[peer]]\nae_title = "CT1"\n{table}'
    (peer,) = decode_strictly(PeersFile, tomllib.loads(toml)).peer
    refused = decide(REFUSAL, toml)
    assert isinstance(refused, Refused)
    advice = advise(replace(REFUSAL, key=refused.key), {"CT1": caller_addresses(peer)}.__getitem__)
    for address in ("192.0.2.1", REFUSAL.peer_address):
        assert isinstance(decide(replace(REFUSAL, peer_address=address), advice.toml), Admitted)


def test_the_advice_for_a_host_that_does_not_resolve_lets_the_caller_in() -> None:
    refused = decide(REFUSAL, '[[peer]]\nae_title = "CT1"\nhost = "ct.example.org"')
    assert isinstance(refused, Refused)
    advice = advise(replace(REFUSAL, key=refused.key))
    assert "peer.host does not resolve" in advice.text
    assert isinstance(decide(REFUSAL, advice.toml), Admitted)
