"""SeaweedFS as the second store of a daemon: a modality goes there, the rest lies here."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrib.peers import seaweedfs
from contrib.peers.seaweedfs import SeaweedFS
from pacsd.testing.daemon import running
from tests.interop.objects import Part10
from tests.interop.second_store import installed
from tests.interop.test_two_stores import got, run, sent, written

CONFIGURATION = """
[store]
unsafe_tmpfs = true
others = ["store_s3"]
[plugins.archive_fs]
trusted = true
[plugins.by_modality]
trusted = true
stores = {{ MR = "store_s3" }}
[plugins.store_s3]
spool = "{spool}"
endpoint = "{endpoint}"
bucket = "{bucket}"
access_key_id = "{key}"
secret_access_key = "{secret}"
max_cache_bytes = 0
keep_free_bytes = 0
"""


@pytest.fixture
def seaweed() -> Iterator[SeaweedFS]:
    with seaweedfs.running() as server:
        yield server


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        yield Path(temporary)


def configured(folder: Path, server: SeaweedFS, spool: str) -> list[str]:
    path = folder / "pacsd.toml"
    text = CONFIGURATION.format(
        spool=spool,
        endpoint=server.endpoint,
        bucket=seaweedfs.BUCKET,
        key=seaweedfs.ACCESS_KEY_ID,
        secret=seaweedfs.SECRET_ACCESS_KEY,
    )
    path.write_text(text, encoding="utf-8")
    return ["--config", str(path)]


@pytest.mark.timeout(240)
def test_what_is_far_and_what_is_here(seaweed: SeaweedFS, folder: Path) -> None:
    environment = installed(folder / "installed")
    config = configured(folder, seaweed, "archive_fs")
    paths = [written(folder, *each) for each in enumerate(("CT", "MR", "MR"), 1)]
    originals = {each.sop_instance_uid: each.data_set for each in map(Part10.read, paths)}
    with running(*config, data_dir=folder / "data", environment=environment) as daemon:
        assert sent(daemon, *paths).count("(Success)") == len(paths)
        assert got(daemon, folder / "first") == originals
        assert "all is well" in run(folder, environment, "fsck", "--digests")
        daemon.signal(signal.SIGKILL)
        assert daemon.process.wait(30) == -signal.SIGKILL
    run(folder, environment, "index", "rebuild")
    with running(*config, data_dir=folder / "data", environment=environment) as daemon:
        assert got(daemon, folder / "second") == originals
        assert "all is well" in run(folder, environment, "fsck", "--digests")
        assert daemon.stop() == 0
    assert len([*(folder / "data/store/objects").rglob("*.dcm")]) == 1


@pytest.mark.timeout(120)
def test_the_first_store_is_no_spool_beside_itself(seaweed: SeaweedFS, folder: Path) -> None:
    environment = installed(folder / "installed")
    config = configured(folder, seaweed, "store_fs")
    with running(*config, data_dir=folder / "data", environment=environment, wait=False) as daemon:
        assert daemon.process.wait(60) != 0
        daemon.kill()
        said = str(daemon.lines)
    assert "store_s3: it is made of store 'store_fs', which must not be a store of its own" in said
