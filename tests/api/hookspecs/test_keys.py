import pytest

from pacsd.api.errors import HookError, NotProvided, PluginError
from pacsd.api.hooks import hookimpl
from pacsd.api.host import HostError
from pacsd.api.keys import Key, KeyMissing, KeyRefused
from pacsd.testing.object_home import ObjectHome
from tests.api.hookspecs.hooks_of import hooks_of

KEY = Key("2026-01", b"open sesame")


class Vault:
    def __init__(self, answer: object = KEY) -> None:
        self.answer = answer

    @hookimpl
    async def pacsd_key(self, name: str) -> object:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if name == "door" else None


async def test_hook_pacsd_key() -> None:
    key = hooks_of(Vault(), Vault(None)).key
    assert await key.found("door") == ("acme", KEY)
    with pytest.raises(NotProvided, match="no plugin provides 'window'"):
        await key("window")


async def test_p05_two_keys_of_one_name_are_none() -> None:
    with pytest.raises(HookError, match="both provide 'door', only one may"):
        await hooks_of(Vault(), Vault()).key("door")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (ValueError("open sesame"), "raised ValueError"),
        (HostError("no sesame"), "pacsd_key: raised HostError$"),
        (PluginError("vault", "bad key open sesame"), "pacsd_key: raised PluginError$"),
        (HookError("vault", "pacsd_key", "open sesame"), "pacsd_key: raised HookError$"),
        (ExceptionGroup("open sesame", [ValueError()]), "pacsd_key: raised ExceptionGroup$"),
        (KeyMissing("key 'x': no plugin provides 'x'"), "raised KeyMissing: key 'x': no plugin"),
        (KeyRefused("it is too short"), "raised KeyRefused: it is too short"),
        (b"open sesame", r"returned bytes instead of Key \| None"),
    ],
)
async def test_p04_what_fails_is_told_without_a_secret(answer: object, told: str) -> None:
    errors: list[HookError] = []
    with pytest.raises(HookError, match=told) as failed:
        await hooks_of(Vault(answer), errors=errors).key("door")
    assert errors == [failed.value]
    assert failed.value.__cause__ is None
    assert "sesame" not in str(failed.value)


async def test_what_is_no_key_is_told_in_our_words() -> None:
    class Empty:
        @hookimpl
        async def pacsd_key(self, name: str) -> Key:
            return Key(name, b"")

    with pytest.raises(HookError, match="raised KeyRefused: secret: has not 1 to 8192 bytes"):
        await hooks_of(Empty()).key("door")


async def test_a_reload_has_every_key_asked_for_anew() -> None:
    vault = Vault()
    hooks = hooks_of(vault)
    assert await hooks.key("door") == KEY
    vault.answer = Key("2026-02", b"another")
    assert await hooks.key("door") == KEY
    hooks.replace({"acme": ObjectHome("acme", vault)}, ())
    assert await hooks.key("door") == vault.answer
