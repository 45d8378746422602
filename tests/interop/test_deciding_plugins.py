"""Plugins that decide, in a real daemon: what they hold, coerce and hide, after a crash, too.

They are the examples, installed on a search path, each in a process of its own. pynetdicom stores
and logs in by a user identity, requests asks with a token.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
import requests
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, Association
from pynetdicom.pdu_primitives import UserIdentityNegotiation

from pacsd.testing.daemon import Running, running
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.interop.installed import installed

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
PLUGINS = {
    "reception": "Reception",
    "only_my_patients": "OnlyMyPatients",
    "bearer_tokens": "BearerTokens",
    "initials": "Initials",
}
CONFIGURATION = """
[store]
unsafe_tmpfs = true

[plugins.reception]
institutions = {{ CT1 = "NORTH" }}

[plugins.only_my_patients]
physicians = {{ ann = ["MILLER^ANN"] }}
see_everything = ["everybody"]

[[plugins.bearer_tokens.token]]
name = "ann"
sha256 = "{ann}"

[[plugins.bearer_tokens.token]]
name = "everybody"
sha256 = "{everybody}"
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return installed(tmp_path_factory.mktemp("installed"), PLUGINS)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        digests = {name: sha256(name.encode()).hexdigest() for name in ("ann", "everybody")}
        (Path(temporary) / "pacsd.toml").write_text(CONFIGURATION.format(**digests))
        yield Path(temporary)


@contextmanager
def serving(folder: Path, environment: dict[str, str]) -> Iterator[Running]:
    config = ["--config", str(folder / "pacsd.toml")]
    with running(*config, data_dir=folder / "data", environment=environment) as daemon:
        yield daemon


def pacsd(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    config = ["--config", str(folder / "pacsd.toml"), "--data-dir", str(folder / "data")]
    command = [sys.executable, "-m", "pacsd", *arguments, *config]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def associated(daemon: Running, abstract: str, identity: str = "") -> Iterator[Association]:
    """With a JSON Web Token as user identity, if there is one."""
    caller, offered = AE("CT1"), []
    caller.add_requested_context(abstract, ExplicitVRLittleEndian)
    if identity:
        token = UserIdentityNegotiation()
        token.user_identity_type = 5
        token.primary_field = identity.encode()
        token.positive_response_requested = True
        offered.append(token)
    association = caller.associate(
        "127.0.0.1", daemon.port, ae_title="PACSD", ext_neg=offered or None
    )
    try:
        yield association
    finally:
        association.release()


def store(
    daemon: Running, number: int, doctor: str, accession: str = "A1", name: str = "Doe^Jane"
) -> int:
    raw = data_set(
        {
            "SOPInstanceUID": f"1.2.{number}.1.1",
            "StudyInstanceUID": f"1.2.{number}",
            "SeriesInstanceUID": f"1.2.{number}.1",
            "ReferringPhysicianName": doctor,
            "AccessionNumber": accession,
            "InstitutionName": "WRONG",
            "Modality": "CT",
        }
    )
    dataset = dcmread(BytesIO(raw), force=True)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet, dataset.PatientName = "ISO_IR 192", name
    with associated(daemon, CT_IMAGE_STORAGE) as association:
        return int(association.send_c_store(dataset).Status)


def series(daemon: Running, who: str) -> dict[str, str]:
    """Institution Names of the series that somebody sees over the web, by Study Instance UID."""
    answer = requests.get(
        f"{daemon.http_url}/dicomweb/series?includefield=InstitutionName",
        headers={"Authorization": f"Bearer {who}"},
        timeout=30,
    )
    answer.raise_for_status()
    return {each["0020000D"]["Value"][0]: each["00080080"]["Value"][0] for each in answer.json()}


def studies(daemon: Running, who: str) -> list[str]:
    """What somebody finds who logs in by a user identity."""
    asked = Dataset()
    asked.QueryRetrieveLevel, asked.StudyInstanceUID = "STUDY", ""
    with associated(daemon, FIND, who) as association:
        found = [each.StudyInstanceUID for _, each in association.send_c_find(asked, FIND) if each]
    return sorted(found)


def test_what_plugins_decide_holds_through_a_crash_and_a_rebuild(
    folder: Path, environment: dict[str, str]
) -> None:
    with serving(folder, environment) as daemon:
        assert store(daemon, 1, "MILLER^ANN") == store(daemon, 2, "MOON^BEN") == 0
        assert store(daemon, 3, "MILLER^ANN", accession="") == 0
        assert series(daemon, "everybody") == {"1.2.1": "NORTH", "1.2.2": "NORTH"}
        assert series(daemon, "ann") == {"1.2.1": "NORTH"}
        assert (studies(daemon, "ann"), studies(daemon, "everybody")) == (
            ["1.2.1"],
            ["1.2.1", "1.2.2"],
        )
        with associated(daemon, FIND, "nobody") as association:
            assert association.is_rejected
        daemon.kill()
    with serving(folder, environment) as daemon:
        assert series(daemon, "everybody") == {"1.2.1": "NORTH", "1.2.2": "NORTH"}
        assert daemon.stop() == 0
    pacsd(folder, environment, "index", "rebuild")
    with serving(folder, environment) as daemon:
        assert series(daemon, "everybody") == {"1.2.1": "NORTH", "1.2.2": "NORTH"}
        listed = pacsd(folder, environment, "quarantine", "list")
        assert "plugin reception has it wait for its release: it has no Accession Number" in listed
        [number] = [word for word in listed.split() if word.rstrip(":").isdigit()][:1]
        pacsd(folder, environment, "quarantine", "release", number.rstrip(":"), "--yes")
        assert series(daemon, "ann") == {"1.2.1": "NORTH", "1.2.3": "WRONG"}
        assert daemon.stop() == 0


def answers(daemon: Running, who: str) -> requests.Response:
    return requests.get(
        f"{daemon.http_url}/dicomweb/studies",
        headers={"Authorization": f"Bearer {who}"},
        timeout=30,
    )


def names(daemon: Running, who: str, charset: str = "") -> tuple[list[Dataset], int]:
    """What somebody finds over DIMSE, and the final status."""
    asked = Dataset()
    asked.QueryRetrieveLevel, asked.StudyInstanceUID, asked.PatientName = "STUDY", "", ""
    if charset:
        asked.SpecificCharacterSet = charset
    with associated(daemon, FIND, who) as association:
        found = list(association.send_c_find(asked, FIND))
    return [each for _, each in found if each], int(found[-1][0].Status)


def test_what_is_told_is_what_plugins_make_of_it(folder: Path, environment: dict[str, str]) -> None:
    """`initials` in a process, for who has the role and who has not, at both doors."""
    configuration = folder / "pacsd.toml"
    text = configuration.read_text().replace('see_everything = ["everybody"]', "")
    text = text.replace("[plugins.only_my_patients]", '[plugins.initials]\nroles = ["writer"]')
    text = text.replace('physicians = { ann = ["MILLER^ANN"] }', "")
    configuration.write_text(text + "may_write = true\n")
    with serving(folder, environment) as daemon:
        assert store(daemon, 1, "MILLER^ANN", name="Ösk\u00fcdar^Jane") == 0
        for who, name in (("ann", "Ö^J"), ("everybody", "Ösk\u00fcdar^Jane")):
            [study] = answers(daemon, who).json()
            assert study["00100010"]["Value"] == [{"Alphabetic": name}]
            assert study["00080005"]["Value"] == ["ISO_IR 192"]
            for charset, told_in in (("", "ISO_IR 192"), ("ISO_IR 100", "ISO_IR 100")):
                [found], status = names(daemon, who, charset)
                assert (str(found.PatientName), found.SpecificCharacterSet) == (name, told_in)
                assert (found.StudyInstanceUID, status) == ("1.2.1", 0)
        assert daemon.stop() == 0


BLUNDERER = """
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings


class Blunderer(Plugin[Settings]):
    @hookimpl
    async def pacsd_query_results(self, results):
        return results.with_values(lambda _: {"StudyInstanceUID": "1.2.999"})
"""


def test_p04_a_plugin_that_confuses_studies_fails_the_query(
    folder: Path, environment: dict[str, str]
) -> None:
    (folder / "blunderer.py").write_text(BLUNDERER)
    package = folder / "blunderer-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: blunderer\nVersion: 1.0\n")
    entry = "[pacsd.plugins]\nblunderer = blunderer:Blunderer\n"
    (package / "entry_points.txt").write_text(entry)
    (folder / "pacsd.toml").write_text("[store]\nunsafe_tmpfs = true\n\n[plugins.blunderer]\n")
    path = os.pathsep.join([str(folder), environment["PYTHONPATH"]])
    with serving(folder, {"PYTHONPATH": path}) as daemon:
        assert store(daemon, 1, "MILLER^ANN") == 0
        answer = answers(daemon, "")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert names(daemon, "") == ([], 0xC001)
        line = daemon.wait_for("hook failed", plugin="blunderer", hook="pacsd_query_results")
        rule = "StudyInstanceUID says which entity it is, and must stay"
        assert line["error"] == f"returned QueryResults: match 1: {rule}"
        assert daemon.stop() == 0
