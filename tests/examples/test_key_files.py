from pathlib import Path

import pytest

from contrib.examples.key_files.pacsd_key_files import KeyFiles, KeyFilesSettings
from pacsd.api.errors import HookError
from pacsd.api.keys import Key
from pacsd.testing.fake_host import fake_host
from pacsd.testing.hook_call import call_hook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "keys"
    (made / "pseudonyms").mkdir(parents=True, mode=0o700)
    return made


def put(folder: Path, key_id: str, secret: bytes = b"secret", mode: int = 0o600) -> Path:
    file = folder / "pseudonyms" / key_id
    file.write_bytes(secret)
    file.chmod(mode)
    return file


def plugin(folder: Path) -> KeyFiles:
    return KeyFiles(fake_host(folder), KeyFilesSettings(folder=folder))


async def asked(folder: Path, name: str = "pseudonyms") -> object:
    return await call_hook(plugin(folder), "pacsd_key", name=name)


async def test_the_last_file_is_the_key(folder: Path) -> None:
    put(folder, "2026-01", b"\x00\xff")
    assert await asked(folder) == Key("2026-01", b"\x00\xff")
    put(folder, "2026-02", b"new")
    assert await asked(folder) == Key("2026-02", b"new")
    assert plugin(folder).check() == []


@pytest.mark.parametrize("name", ["other", "../keys/pseudonyms", "..", ".", "", "a/b"])
async def test_other_names_are_anothers(folder: Path, name: str) -> None:
    put(folder, "2026-01")
    assert await asked(folder, name) is None


@pytest.mark.parametrize(
    ("secret", "mode", "why"),
    [
        (b"secret", 0o640, "is not ours alone: chmod 600"),
        (b"secret", 0o700, "is not ours alone: chmod 600"),
        (b"", 0o600, "is empty, or too long"),
        (b"secret" * 8192, 0o600, "is empty, or too long"),
    ],
)
async def test_what_is_no_key_is_refused(folder: Path, secret: bytes, mode: int, why: str) -> None:
    file = put(folder, "2026-01", secret, mode)
    with pytest.raises(HookError, match=f"raised KeyRefused: {file}: {why}"):
        await asked(folder)
    [told] = plugin(folder).check()
    assert why in told


async def test_what_leads_elsewhere_is_refused(folder: Path) -> None:
    put(folder, "2026-01").rename(folder / "secret")
    (folder / "pseudonyms/2026-01").symlink_to(folder / "secret")
    with pytest.raises(HookError, match="is no file of our own"):
        await asked(folder)


async def test_a_folder_that_others_write_to_is_refused(folder: Path) -> None:
    put(folder, "2026-01")
    (folder / "pseudonyms").chmod(0o770)
    with pytest.raises(HookError, match="700 for its folder"):
        await asked(folder)


async def test_a_name_without_a_key_is_an_error(folder: Path) -> None:
    with pytest.raises(HookError, match="is no file of our own"):
        await asked(folder)


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    assert plugin(tmp_path / "lost").check() == [f"folder: {tmp_path / 'lost'} is no folder"]
