"""The examples of contrib/docs/dicomweb.md, as they stand there, run where CT_small is stored."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from contrib.docs.generate import ROOT
from pacsd.testing.daemon import Running, running
from tests.docs.documents import Block, blocks
from tests.interop import peers

PAGE = ROOT / "contrib/docs/dicomweb.md"
STUDY = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"
PATIENCE_S = 120.0
AS_WRITTEN = "http://127.0.0.1:8080"
BEFORE = """
set -euo pipefail
curl() { command curl -fsS "$@"; }
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Running]:
    with running(data_dir=tmp_path / "data") as daemon:
        ct = get_testdata_file("CT_small.dcm")
        peers.run(*peers.PACSD, "send", f"http://127.0.0.1:{daemon.http_port}/dicomweb", ct)
        yield daemon


def run(daemon: Running, folder: Path, *command: str, given: str) -> str:
    """What an example says that must come to a good end; where it writes, and who it asks."""
    done = subprocess.run(
        command,
        input=given.replace(AS_WRITTEN, f"http://127.0.0.1:{daemon.http_port}"),
        cwd=folder,
        env={
            **os.environ,
            "PACSD_DATA_DIR": str(daemon.data_dir),
            "PACSD_STORE__UNSAFE_TMPFS": "true",
            "NODE_PATH": str(peers.NODE_MODULES),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shell(block: Block) -> str:
    """What is typed of a block; a JSON text is a file."""
    if block.language == "json":
        return f"cat > report.json <<'END'\n{block.body}END\n"
    if block.language == "console":
        typed = "".join(f"{line[2:]}\n" for line in block.body.splitlines() if line[:2] == "$ ")
        # What is shown to be refused must not end the script.
        return f"( unset -f curl\n{typed})\n" if '{"error"' in block.body else typed
    return block.body if block.language == "sh" else ""


def test_the_commands(daemon: Running, tmp_path: Path) -> None:
    for name in ("curl", "unzip", "dcm2xml"):
        peers.program(name)
    folder = tmp_path / "here"
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/pacsd").symlink_to(Path(sys.executable).with_name("pacsd"))
    (folder / "report.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    shutil.copy(get_testdata_file("reportsi.dcm"), folder / "sr.dcm")
    script = "".join(map(shell, blocks(PAGE, "In the browser", "curl", "pacsd itself")))
    said = run(daemon, folder, "bash", given=BEFORE + script)
    assert said.count("CompressedSamples^CT1") >= 3
    assert "100\n" in said
    assert "DICOM/PT000001/ST000001/SE000001/IM000001" in said
    assert "1 duplicate" in said
    assert "matched, but not told: Modality" in said
    assert "parameter: 'raeson' is none of reason, accept" in said
    assert re.search(rf"CompressedSamples\^CT1 +20040119 +{STUDY}", said)
    assert (folder / "ct.dcm").stat().st_size > (folder / "frame.raw").stat().st_size == 32_768
    assert any((folder / "got").rglob("*.dcm"))


def test_python(daemon: Running, tmp_path: Path) -> None:
    (block,) = blocks(PAGE, "Python")
    assert run(daemon, tmp_path, sys.executable, "-", given=block.body) == f"{STUDY} 1 1\n"


def test_javascript(daemon: Running, tmp_path: Path) -> None:
    node = peers.program("node")
    (block,) = blocks(PAGE, "JavaScript")
    (tmp_path / "node_modules").symlink_to(peers.NODE_MODULES)
    said = run(daemon, tmp_path, node, "--input-type=module", given=block.body)
    assert said == f"{STUDY} 1 32768\n"
