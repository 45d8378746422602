"""`pacsd find`, `move` and `get`: at our own daemon, and at DCMTK's archive."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias

import pytest
from pydicom import dcmread
from typer.testing import CliRunner, Result

from pacsd.app.cli.main import build
from pacsd.testing.daemon import running
from tests.interop import peers
from tests.interop.objects import Part10, ct_small, storable_files

RUNNER = CliRunner(env={"PACSD_CONFIG": None})
RLE = "1.2.840.10008.1.2.5"
Start: TypeAlias = Callable[[Path, int], AbstractContextManager[str]]
"""Runs an archive that knows a third one, "DCMTK", at this port."""


def pacsd(*arguments: object) -> Result:
    done = RUNNER.invoke(build(), list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    return done


@contextmanager
def own(folder: Path, third: int) -> Iterator[str]:
    (folder / "pacsd.toml").touch()
    peer = f'ae_title = "DCMTK"\nhost = "127.0.0.1"\nport = {third}\nmove_destination = true\n'
    (folder / "peers.toml").write_text(f"[[peer]]\n{peer}")
    with running("--http", "", "--config", str(folder / "pacsd.toml")) as daemon:
        yield f"PACSD=127.0.0.1:{daemon.port}"


@contextmanager
def dcmqrscp(folder: Path, third: int) -> Iterator[str]:
    database = folder / "database"
    database.mkdir()
    port = peers.free_port()
    configuration = folder / "dcmqrscp.cfg"
    configuration.write_text(
        dedent(f"""\
        NetworkTCPPort = {port}
        MaxPDUSize = 16384
        MaxAssociations = 16
        HostTable BEGIN
        third = (DCMTK, 127.0.0.1, {third})
        HostTable END
        VendorTable BEGIN
        VendorTable END
        AETable BEGIN
        ARCHIVE {database} RW (9, 9mb) ANY
        AETable END
        """)
    )
    command = [peers.program("dcmqrscp"), "-c", str(configuration)]
    with peers.started(command, folder) as process:
        peers.wait_until_listening(process, port)
        yield f"ARCHIVE=127.0.0.1:{port}"


ARCHIVES: Mapping[str, Start] = {"pacsd": own, "dcmtk": dcmqrscp}


@pytest.fixture(params=ARCHIVES.values(), ids=tuple(ARCHIVES))
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    start: Start = request.param
    with start(tmp_path, peers.free_port()) as address:
        pacsd("send", address, ct_small().path)
        yield address


def study(archive: str) -> str:
    """The UID of the one study there."""
    (line,) = pacsd("find", archive, "--json", "PatientName=CompressedSamples*").stdout.splitlines()
    uid: str = json.loads(line)["0020000D"]["Value"][0]
    return uid


def test_what_was_sent_is_found_and_got(archive: str, tmp_path: Path) -> None:
    uid = study(archive)
    assert uid in pacsd("find", archive, f"StudyInstanceUID={uid}").stdout
    pacsd("get", archive, f"StudyInstanceUID={uid}", "--to", tmp_path / "got")
    (path,) = (tmp_path / "got" / uid).iterdir()
    assert path.stem == ct_small().sop_instance_uid
    assert dcmread(path).PixelData == dcmread(ct_small().path).PixelData
    if archive.startswith("PACSD"):  # DCMTK writes every data set anew
        assert Part10.read(path).data_set == ct_small().data_set


def test_one_series_of_it(archive: str, tmp_path: Path) -> None:
    uid = study(archive)
    found = pacsd("find", archive, "--level", "series", f"StudyInstanceUID={uid}", "--json")
    series = json.loads(found.stdout)["0020000E"]["Value"][0]
    keys = f"StudyInstanceUID={uid}", f"SeriesInstanceUID={series}"
    done = pacsd("get", archive, *keys, "--to", tmp_path / "got", "--json")
    assert json.loads(done.stdout)["files"] == 1


def test_a_compressed_object_comes_as_it_is_kept(tmp_path: Path) -> None:
    sent = storable_files()[RLE][0]
    with own(tmp_path, peers.free_port()) as address:
        pacsd("send", address, sent.path)
        (line,) = pacsd("find", address, "--json").stdout.splitlines()
        uid = json.loads(line)["0020000D"]["Value"][0]
        pacsd("get", address, f"StudyInstanceUID={uid}", "--to", tmp_path)
    got = Part10.read(tmp_path / uid / f"{sent.sop_instance_uid}.dcm")
    assert (got.transfer_syntax_uid, got.data_set) == (RLE, sent.data_set)


@pytest.mark.parametrize("start", ARCHIVES.values(), ids=tuple(ARCHIVES))
def test_a_third_one_gets_it(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "third"
    folder.mkdir()
    with peers.storescp(folder, "--bit-preserving") as third, start(tmp_path, third) as address:
        pacsd("send", address, ct_small().path)
        done = pacsd("move", address, "DCMTK", f"StudyInstanceUID={study(address)}")
    assert "1 moved to DCMTK, 0 failed" in done.stdout
    assert [each for each in folder.iterdir() if each.name.startswith("CT")]
