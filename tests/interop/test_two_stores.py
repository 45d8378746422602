"""A daemon with two file stores, of which an example chooses by modality, killed and made anew."""

import signal
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import requests
from pydicom import dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from pacsd.testing.daemon import Running, running
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.interop import peers
from tests.interop.objects import Part10
from tests.interop.second_store import SECOND, configured, installed

MODALITIES = ("CT", "MR", "CT", "MR", "MR")
LIVINGS = {
    "inline": 'trusted = true\nisolation = "inline"',
    "thread": 'trusted = true\nisolation = "thread"',
    "process": "",
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return installed(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        yield Path(temporary)


def written(folder: Path, number: int, modality: str, pixel_bytes: int = 1_500_000) -> Path:
    """An image of one study, a series for each modality; larger than what waits in memory."""
    raw = data_set(
        {
            "SOPInstanceUID": f"1.2.3.1.{number}",
            "SeriesInstanceUID": f"1.2.3.{modality == 'MR':d}",
            "Modality": modality,
        },
        pixel_bytes=pixel_bytes,
    )
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CT_IMAGE_STORAGE
    meta.MediaStorageSOPInstanceUID = f"1.2.3.1.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path = folder / f"{number}.dcm"
    object_ = dcmread(BytesIO(raw), force=True)
    object_.file_meta = meta
    object_.save_as(path, enforce_file_format=True)
    return path


def sent(daemon: Running, *paths: Path) -> str:
    command = [peers.program("storescu"), "-v", "-nh", "-aec", "PACSD", "127.0.0.1", daemon.port]
    return peers.run_to_its_end(*command, *paths)[1]


def got(daemon: Running, folder: Path) -> dict[str, bytes]:
    """The data sets of the study, by SOP Instance UID, as getscu brings them."""
    folder.mkdir()
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3"]
    command = [peers.program("getscu"), "-S", "+B", "-od", folder, "-aec", "PACSD", *keys]
    peers.run(*command, "127.0.0.1", daemon.port)
    found = [Part10.read(path) for path in folder.iterdir()]
    return {each.sop_instance_uid: each.data_set for each in found}


def kept(folder: Path) -> tuple[int, int]:
    """How many files are in each store."""
    return tuple(  # type: ignore[return-value]
        len(list((folder / "data" / store / "objects").rglob("*.dcm")))
        for store in ("store", "archive")
    )


def run(folder: Path, environment: dict[str, str], *arguments: str, code: int = 0) -> str:
    config = ["--config", str(folder / "pacsd.toml"), "--data-dir", str(folder / "data")]
    found, said = peers.run_to_its_end(
        "env",
        f"PYTHONPATH={environment['PYTHONPATH']}",
        *peers.PACSD,
        *arguments,
        *config,
    )
    assert found == code, said
    return said


@pytest.mark.timeout(240)
@pytest.mark.parametrize("living", LIVINGS)
def test_each_modality_is_kept_in_its_store_and_stays_there(
    living: str, folder: Path, environment: dict[str, str]
) -> None:
    config = ["--config", str(configured(folder, LIVINGS[living]))]
    (folder / "sent").mkdir()
    paths = [written(folder / "sent", *each) for each in enumerate(MODALITIES, 1)]
    originals = {each.sop_instance_uid: each.data_set for each in map(Part10.read, paths)}
    with running(*config, data_dir=folder / "data", environment=environment) as daemon:
        assert sent(daemon, *paths).count("(Success)") == len(paths)
        assert kept(folder) == (2, 3)
        assert got(daemon, folder / "first") == originals
        refused = sent(daemon, written(folder, 9, "XX"))
        assert "OutOfResources" in refused
        failed = daemon.wait_for("hook failed", plugin="by_modality", hook="pacsd_choose_store")
        assert "'nowhere', which is none of store_fs, archive_fs" in str(failed["error"])
        assert kept(folder) == (2, 3)
        told = run(folder, environment, "status")
        assert "store store_fs " in told
        assert "store archive_fs " in told
        metrics = requests.get(f"{daemon.http_url}/metrics", timeout=30).text
        assert 'pacsd_store_admits{store="archive_fs"} 1.0' in metrics
        assert "all is well" in run(folder, environment, "fsck", "--digests")
        daemon.signal(signal.SIGKILL)
        assert daemon.process.wait(30) == -signal.SIGKILL
    with running(*config, data_dir=folder / "data", environment=environment) as daemon:
        assert got(daemon, folder / "second") == originals
        assert daemon.stop() == 0
    run(folder, environment, "index", "rebuild")
    assert kept(folder) == (2, 3)
    with running(*config, data_dir=folder / "data", environment=environment) as daemon:
        assert got(daemon, folder / "third") == originals
        assert daemon.stop() == 0
    assert "all is well" in run(folder, environment, "fsck", "--digests")


@pytest.mark.timeout(240)
def test_a_store_that_is_not_configured_any_more_is_missed_but_not_given_up(
    folder: Path, environment: dict[str, str]
) -> None:
    path = configured(folder)
    both = path.read_text()
    with running("--config", str(path), data_dir=folder / "data", environment=environment) as first:
        assert sent(first, written(folder, 1, "MR", 9), written(folder, 2, "CT", 9)).count("(Succ")
        assert first.stop() == 0
    path.write_text(both.replace('others = ["archive_fs"]', ""))
    with running("--config", str(path), data_dir=folder / "data", environment=environment) as alone:
        [warned] = alone.said(
            "stored objects lie in a store that is not configured: they cannot be read"
        )
        assert warned["store"] == SECOND
        url = f"{alone.http_url}/dicomweb/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1"
        assert requests.get(url, timeout=30).status_code == 503
        assert alone.stop() == 0
    passed_over = run(folder, environment, "fsck", "--digests", code=1)
    assert "not looked at: 1 files in archive_fs" in passed_over
    assert "all is well" not in passed_over
    said = run(folder, environment, "index", "rebuild", code=1)
    assert "store 'archive_fs', which is not configured: name it in store.others" in said
    path.write_text(both)
    with running("--config", str(path), data_dir=folder / "data", environment=environment) as again:
        assert [*sorted(got(again, folder / "back"))] == ["1.2.3.1.1", "1.2.3.1.2"]
        assert again.stop() == 0
