"""A modality stores at site A, whose rules send to site B over a bad line, and to Orthanc.

Either site is killed while that goes on. In the end everything has arrived as it was stored, and
nothing was ever said to have arrived that had not.
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pacsd.app.admin.unix_socket import SOCKET_NAME, AdminError, ask
from pacsd.dicom.part10 import decode_file_meta
from pacsd.testing.daemon import Running, running
from pacsd.testing.objects import data_set
from tests.crash.campaign import storing
from tests.interop import peers
from tests.interop.bad_line import BadLine, bad_line

PER_STUDY = 20
MEAN_BYTES = 8_000
OF_A_TURN_BYTES = 40_000
PATIENCE_S = 240.0
TARGETS = ("peer:SITEB", "peer:ORTHANC")

SITE_A = """
peers_file = "{folder}/peers.toml"

[store]
unsafe_tmpfs = true

[events]
series_quiet_s = 0.1
study_quiet_s = 0.2

[plugins.route_rules]
trusted = true
file = "{folder}/routes.toml"
"""
SITE_B = """
[[ae]]
title = "SITEB"

[store]
unsafe_tmpfs = true
"""
RULES = """
[[rule]]
name = "everything"
to = ["peer:SITEB", "peer:ORTHANC"]
"""
PEERS = """
[[peer]]
ae_title = "SITEB"
host = "127.0.0.1"
port = {site_b}

[[peer]]
ae_title = "ORTHANC"
host = "127.0.0.1"
port = {orthanc}
"""


class Modality:
    """Stores instances one after the other; what was not acknowledged is sent again."""

    def __init__(self, instances: int) -> None:
        numbers = (divmod(number, PER_STUDY) for number in range(instances))
        self.uids = [f"1.2.{study}.1.{number}" for study, number in numbers]
        self.acknowledged = 0

    @contextmanager
    def sending(self, port: int) -> Iterator[None]:
        """Meanwhile it sends what is left, until the site is gone."""
        thread = threading.Thread(target=self._send, args=(port,))
        thread.start()
        try:
            yield
        finally:
            thread.join()

    def _send(self, port: int) -> None:
        with suppress(OSError, EOFError), storing(port) as store:
            for uid in self.uids[self.acknowledged :]:
                assert store(uid, content(uid)) == 0
                self.acknowledged += 1


def content(uid: str) -> bytes:
    series = uid.rpartition(".")[0]
    study = series.rpartition(".")[0]
    own = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "SOPInstanceUID": uid}
    return data_set({**own, "PatientID": study})


class Sites:
    """Both sites: each is started anew after it was killed."""

    def __init__(self, folder: Path) -> None:
        self.folders = {"A": folder / "a", "B": folder / "b"}
        for site in self.folders.values():
            site.mkdir()
        (self.folders["A"] / "pacsd.toml").write_text(SITE_A.format(folder=self.folders["A"]))
        (self.folders["A"] / "routes.toml").write_text(RULES)
        (self.folders["B"] / "pacsd.toml").write_text(SITE_B)

    def know(self, site_b: int, orthanc: int) -> None:
        text = PEERS.format(site_b=site_b, orthanc=orthanc)
        (self.folders["A"] / "peers.toml").write_text(text)

    @contextmanager
    def serving(self, site: str) -> Iterator[Running]:
        folder = self.folders[site]
        with running("--config", str(folder / "pacsd.toml"), data_dir=folder / "data") as daemon:
            yield daemon

    def ask(self, command: str, **arguments: object) -> list[dict[str, object]]:
        """What site A says; nothing while it is not there."""
        try:
            answer = ask(self.folders["A"] / "data" / SOCKET_NAME, command, **arguments)
        except AdminError:
            return []
        assert isinstance(answer, list)
        return answer

    def said_to_be_delivered(self, target: str) -> dict[str, str]:
        """By SOP Instance UID the digest of what A says that it has delivered."""
        found: dict[str, str] = {}
        for delivery in self.ask("deliveries.list", target=target, limit=10_000):
            for item in self.ask("deliveries.items", number=delivery["number"]):
                if item["state"] == "delivered":
                    assert item["status"] == "0000"
                    found[str(item["sop_instance_uid"])] = str(item["sha256"])
        return found

    def arrived(self) -> dict[str, bytes]:
        """By SOP Instance UID the data sets that B has."""
        found: dict[str, bytes] = {}
        for path in (self.folders["B"] / "data" / "store").glob("objects/**/*.dcm"):
            file = path.read_bytes()
            meta, start = decode_file_meta(file)
            found[meta.media_storage_sop_instance_uid] = file[start:]
        return found


def wait_until_delivered(sites: Sites, line: BadLine, instances: int) -> None:
    """Each time that something has gone over the line, see whether that was all."""
    line.mend()
    for _ in range(int(PATIENCE_S)):
        if all(len(sites.said_to_be_delivered(target)) == instances for target in TARGETS):
            return
        line.wait_for(1, 1.0)
    raise AssertionError(sites.ask("deliveries.list", state="open", limit=100))


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("instances", "kills"),
    [(80, 2), pytest.param(5_000, 50, marks=pytest.mark.soak)],
)
def test_nothing_is_lost_between_sites(tmp_path: Path, instances: int, kills: int) -> None:
    chance, modality, sites = random.Random(47), Modality(instances), Sites(tmp_path)
    with (
        peers.orthanc(tmp_path, 1) as orthanc,
        bad_line(1, MEAN_BYTES, chance) as line,
    ):
        sites.know(line.port, orthanc.dicom_port)
        for number in range(kills):
            with sites.serving("B") as site_b, sites.serving("A") as site_a:
                line.there = site_b.port
                with modality.sending(site_a.port):
                    line.wait_for(chance.randrange(OF_A_TURN_BYTES), 5.0)
                    (site_a if number % 2 else site_b).process.kill()
                    if not number % 2:
                        said = sites.said_to_be_delivered("peer:SITEB")
                        assert said.keys() <= sites.arrived().keys()
                        site_a.process.kill()
        with sites.serving("B") as site_b, sites.serving("A") as site_a:
            line.there = site_b.port
            with modality.sending(site_a.port):
                pass
            assert modality.acknowledged == instances
            wait_until_delivered(sites, line, instances)
        assert line.cuts
        arrived = sites.arrived()
        assert arrived == {uid: content(uid) for uid in modality.uids}
        stored = orthanc.ask("/instances").decode()
        assert stored.count('"') == 2 * instances
