"""The tests that the plugin guide shows, run as its reader would run them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contrib.docs.generate import DOCS, EXAMPLE, ROOT
from tests.docs.documents import Block, blocks

EXAMPLES = [
    block
    for block in blocks(ROOT / DOCS / "plugins.md", "Testing a plugin")
    if "def " in block.body
]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
MODE = ["-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A search path on which the example is installed: its module and its entry point."""
    folder = tmp_path_factory.mktemp("installed")
    package = folder / "pacsd_ae_prefix-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: pacsd-ae-prefix\nVersion: 1.0\n"
    )
    entry = "[pacsd.plugins]\nae_prefix = pacsd_ae_prefix:AEPrefix\n"
    (package / "entry_points.txt").write_text(entry)
    return os.pathsep.join([str(folder), str(ROOT / EXAMPLE), *sys.path])


def test_there_are_examples_of_each_part() -> None:
    assert len(EXAMPLES) == 7


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.body.splitlines()[-1].strip())
def test_the_example_passes(tmp_path: Path, installed: str, block: Block) -> None:
    (tmp_path / "test_example.py").write_text(block.body, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": installed}
    done = subprocess.run(
        [*PYTEST, *MODE, "test_example.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
