"""Keys from one plugin to another, each in a process of its own, in a real daemon.

They are the examples `key_files` and `pseudonyms`.
"""

import os
import re
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from contrib.examples.pseudonyms.pacsd_pseudonyms import pseudonym
from pacsd.api.keys import Key
from pacsd.testing.daemon import Running, running
from tests.interop.installed import installed

PLUGINS = {"key_files": "KeyFiles", "pseudonyms": "Pseudonyms"}
OLD, NEW = b"open sesame, the old one", b"open sesame, the new one"
CONFIGURATION = """
[store]
unsafe_tmpfs = true

[log]
level = "debug"

[plugins.key_files]
folder = "{folder}"

[plugins.pseudonyms]
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        keys = Path(temporary) / "keys"
        (keys / "pseudonyms").mkdir(parents=True)
        (keys / "pseudonyms").chmod(0o700)
        (Path(temporary) / "pacsd.toml").write_text(CONFIGURATION.format(folder=keys))
        put(Path(temporary), "2026-01", OLD)
        yield Path(temporary)


def put(folder: Path, key_id: str, secret: bytes, mode: int = 0o600) -> None:
    file = folder / "keys/pseudonyms" / key_id
    file.write_bytes(secret)
    file.chmod(mode)


def pacsd(folder: Path, environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    config = ["--config", str(folder / "pacsd.toml"), "--data-dir", str(folder / "data")]
    # What is behind the name of a plugin's command is that command's.
    command, rest = arguments[:1], arguments[1:]
    done = subprocess.run(
        [sys.executable, "-m", "pacsd", *command, *config, *rest],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    return done.returncode, done.stdout + done.stderr


def everything_said(daemon: Running, folder: Path) -> bytes:
    """What the daemon has told and kept: log, metrics and files."""
    files = (each for each in (folder / "data").rglob("*") if each.is_file())
    said = [str(daemon.lines).encode(), *(each.read_bytes() for each in files)]
    return b"".join(said)


def test_a_key_goes_from_plugin_to_plugin_and_nowhere_else(folder: Path) -> None:
    (folder / "installed").mkdir()
    environment = installed(folder / "installed", PLUGINS)
    config = ["--config", str(folder / "pacsd.toml")]
    with running(*config, data_dir=folder / "data", environment=environment) as daemon:

        def ask() -> tuple[int, str]:
            return pacsd(folder, environment, "run", "pseudonyms", "of", "4711")

        old = f"key 2026-01\n4711\t{pseudonym(Key('2026-01', OLD), '4711')}"
        assert ask() == (0, f"{old}\n")
        put(folder, "2026-02", NEW)
        assert ask() == (0, f"{old}\n")  # kept for a minute
        assert pacsd(folder, environment, "reload")[0] == 0
        new = f"key 2026-02\n4711\t{pseudonym(Key('2026-02', NEW), '4711')}"
        assert ask() == (0, f"{new}\n")
        put(folder, "2026-03", NEW, mode=0o644)
        assert pacsd(folder, environment, "reload")[0] == 0
        code, said = ask()
        assert code == 1
        assert re.search("key 'pseudonyms': plugin key_files: .*2026-03: is not ours alone", said)
        line = daemon.wait_for("hook failed", plugin="key_files", hook="pacsd_key")
        assert "is not ours alone" in str(line["error"])
        metrics = requests.get(f"{daemon.http_url}/metrics", timeout=30).content
        _, trace = pacsd(folder, environment, "plugins", "trace")
        assert daemon.stop() == 0
        told = metrics + trace.encode() + everything_said(daemon, folder)
    assert b"pacsd_key" in told
    for secret in (b"open sesame", *(b64encode(each)[:20] for each in (OLD, NEW))):
        assert secret not in told
