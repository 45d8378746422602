from pathlib import Path

from contrib.examples.pseudonyms.pacsd_pseudonyms import (
    Pseudonyms,
    PseudonymsSettings,
    pseudonym,
)
from pacsd.api.commands import CommandAnswer, PluginCommand
from pacsd.api.keys import Key
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.hook_call import call_hook

KEY = Key("2026-01", bytes(range(32)))


async def said(host: FakeHost, *arguments: str) -> CommandAnswer:
    plugin = Pseudonyms(host, PseudonymsSettings())
    answer = await call_hook(plugin, "pacsd_command", name="of", arguments=arguments)
    assert isinstance(answer, CommandAnswer)
    return answer


async def test_pseudonyms_are_told_with_the_id_of_the_key(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    host.keys.provided["pseudonyms"] = KEY
    answer = await said(host, "4711", "4712")
    first, second = pseudonym(KEY, "4711"), pseudonym(KEY, "4712")
    assert answer == CommandAnswer(f"key 2026-01\n4711\t{first}\n4712\t{second}")


async def test_without_a_key_there_are_none(tmp_path: Path) -> None:
    assert await said(fake_host(tmp_path), "4711") == CommandAnswer(
        "key 'pseudonyms': no plugin provides 'pseudonyms'", exit_code=1
    )


async def test_there_is_one_command(tmp_path: Path) -> None:
    plugin = Pseudonyms(fake_host(tmp_path), PseudonymsSettings())
    [command] = await plugin.pacsd_commands()
    assert command == PluginCommand("of", "the pseudonyms of these Patient IDs")


def test_another_key_issuer_or_patient_has_another_pseudonym() -> None:
    other = Key("2026-02", bytes(32))
    found = {pseudonym(KEY, "1"), pseudonym(other, "1"), pseudonym(KEY, "1", "A")}
    found |= {pseudonym(KEY, "2"), pseudonym(KEY, "A")}
    assert len(found) == 5
    # printf '\\1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f
    assert pseudonym(KEY, "1") == "9e9a756baf9cb2f685f35676c425dc00"
