import pytest

from pacsd.api.hooks import hookimpl
from pacsd.api.host import HostError
from pacsd.api.keys import Key
from pacsd.app.plugins.keys import PluginsKeys
from pacsd.app.plugins.services import HostServices
from tests.api.hookspecs.hooks_of import hooks_of


class Vault:
    """Provides one key, which may be made of another."""

    def __init__(self, name: str, needs: str = "", keys: PluginsKeys | None = None) -> None:
        self.name = name
        self.needs = needs
        self.keys = keys

    @hookimpl
    async def pacsd_key(self, name: str) -> Key | None:
        if name != self.name:
            return None
        if self.keys is None:
            return Key("1", b"open sesame")
        return Key("2", (await self.keys.get(self.needs)).secret[::-1])


def give(services: HostServices, *vaults: Vault) -> None:
    services.give_keys(hooks_of(*vaults).key)


async def test_a_key_may_be_made_of_anothers(services: HostServices) -> None:
    master, data = Vault("master"), Vault("data", "master", services.keys_of("acme2"))
    give(services, master, data)
    assert await services.keys_of("user").get("data") == Key("2", b"emases nepo")


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("lost", "^key 'lost': no plugin provides 'lost'$"),
        ("twice", "^key 'twice': plugin acme2 and acme: pacsd_key: both provide 'twice', only"),
        ("round", "^key 'round': plugin acme3: .*'about'.*'round': each needs the next one: round"),
        ("own", "^key 'own': plugin acme5: .*: key 'own': each needs the next one: own -> own$"),
        ("failing", "^key 'failing': plugin acme6: .* KeyMissing: key 'lost': no plugin provides"),
    ],
)
async def test_p05_a_key_that_cannot_be_had_is_named_with_the_rule(
    services: HostServices, name: str, rule: str
) -> None:
    give(
        services,
        Vault("twice"),
        Vault("twice"),
        Vault("round", "about", services.keys_of("acme3")),
        Vault("about", "round", services.keys_of("acme4")),
        Vault("own", "own", services.keys_of("acme5")),
        Vault("failing", "lost", services.keys_of("acme6")),
    )
    with pytest.raises(HostError, match=rule):
        await services.keys_of("user").get(name)


async def test_a_plugin_does_not_ask_for_a_key_of_its_own(services: HostServices) -> None:
    give(services, Vault("door"))
    with pytest.raises(HostError, match="key 'door': plugin acme provides it itself"):
        await services.keys_of("acme").get("door")
