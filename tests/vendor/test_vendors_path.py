"""From `pacsd plugins new` to a daemon that works with the plugin, for each kind of template."""

import json
import queue
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import pytest
from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.events import EVT_C_STORE, Event

from pacsd.dicom.part10 import FileMeta, encode_file_meta
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.testing.daemon import Running, configured
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.vendor.vendor import KINDS, WITHIN_S, Vendor, environment, make

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

INSTANCE = "/dicomweb/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"


@pytest.fixture(scope="module", params=KINDS)
def vendor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Vendor:
    return make(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def arrived() -> "Arrived":
    return queue.Queue()


@pytest.fixture(scope="module")
def archive2(arrived: "Arrived", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A peer that is sent to, by pynetdicom, in a peers file."""

    def keep(event: Event) -> int:
        arrived.put(event.request.DataSet.getvalue())
        return 0

    ae = AE("ARCHIVE2")
    ae.add_supported_context(CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(EVT_C_STORE, keep)])
    peer = {"ae_title": "ARCHIVE2", "host": "127.0.0.1", "port": server.server_address[1]}
    file = tmp_path_factory.mktemp("peers") / "peers.toml"
    lines = "\n".join(f"{key} = {value!r}" for key, value in peer.items())
    file.write_text(f"[[peer]]\n{lines}\n", encoding="utf-8")
    yield file
    server.shutdown()


@pytest.fixture(scope="module")
def daemon(vendor: Vendor, archive2: Path) -> Iterator[Running]:
    ours = f"peers_file = {str(archive2)!r}\n"
    quiet = "[events]\nseries_quiet_s = 0.1\nstudy_quiet_s = 0.2\n"
    configuration = f'{ours}{vendor.configuration}\n{quiet}[log]\nlevel = "debug"\n'
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
        with configured(configuration, python=str(vendor.python)) as running:
            yield running


def sent(daemon: Running, data: bytes, calling_ae: str = "CT1") -> int | None:
    """The status of a C-STORE by pynetdicom; None when the association is refused."""
    meta = FileMeta(CT_IMAGE_STORAGE, "1.2.3.4", EXPLICIT_VR_LITTLE_ENDIAN, "1.2.3")
    ae = AE(calling_ae)
    ae.add_requested_context(CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN)
    association = ae.associate("127.0.0.1", daemon.port, ae_title="PACSD")
    if not association.is_established:
        return None
    status = association.send_c_store(dcmread(BytesIO(encode_file_meta(meta) + data)))
    association.release()
    return int(status.Status)


def asked(daemon: Running, **headers: str) -> tuple[int, bytes]:
    """The status and body of the answer to a WADO-RS request for the instance."""
    address = daemon.http_url.removeprefix("http://")
    with closing(HTTPConnection(address, timeout=WITHIN_S)) as connection:
        accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
        connection.request("GET", INSTANCE, headers={"Accept": accept, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_its_own_tests_pass_where_it_is_installed(vendor: Vendor) -> None:
    out = vendor.run("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    assert " passed" in out
    assert "skipped" not in out


def test_it_is_listed_as_a_third_partys(vendor: Vendor) -> None:
    found = vendor.listed()
    assert found["package"] == f"pacsd-acme-{vendor.kind}"
    assert (found["version"], found["is_first_party"]) == ("0.1.0", False)
    assert (found["is_enabled"], found["hooks"]) == (False, None)


def test_it_is_checked(vendor: Vendor, tmp_path: Path) -> None:
    check = ["-m", "pacsd", "check", "--config"]
    assert "configuration is valid" in vendor.run(*check, "conf.toml")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(f"[plugins.{vendor.name}]\nno_such_key = 1\n", encoding="utf-8")
    vendor.run(*check, str(wrong), code=2)


def test_the_daemon_works_with_it(vendor: Vendor, daemon: Running, arrived: "Arrived") -> None:
    WORKS[vendor.kind](vendor, daemon, arrived)


def keeps(vendor: Vendor, daemon: Running, _: "Arrived") -> None:
    """An object goes into the store, and leaves it byte for byte."""
    made = data_set({"PatientName": "Müller^Jörg"}, pixel_bytes=100_000)
    assert sent(daemon, made) == 0
    [file] = (daemon.data_dir / vendor.name / "objects").iterdir()
    assert file.read_bytes().endswith(made)
    status, body = asked(daemon)
    assert status == 200
    assert made in body


def refuses(vendor: Vendor, daemon: Running, _: "Arrived") -> None:
    """The associations and instances that conf.toml names are refused, and no others."""
    assert sent(daemon, data_set(), "OLD_CT") is None
    assert sent(daemon, data_set()) == 0
    assert sent(daemon, data_set({"Modality": "OT", "SOPInstanceUID": "1.2.3.5"})) == 0xC000
    answer = daemon.ask("plugins.trace", plugin=vendor.name)
    assert isinstance(answer, dict)
    assert [each["ending"] for each in answer["calls"]] == ["answered"] * 5


def routes(_: Vendor, daemon: Running, arrived: "Arrived") -> None:
    """A study of CT goes to the peer of the first rule, byte for byte; one of another does not."""
    other = {"Modality": "OT", "SOPInstanceUID": "1.2.9", "StudyInstanceUID": "1.2.8"}
    assert sent(daemon, data_set({**other, "SeriesInstanceUID": "1.2.8.1"})) == 0
    made = data_set(pixel_bytes=10_000)
    assert sent(daemon, made) == 0
    assert arrived.get(timeout=WITHIN_S) == made
    assert arrived.empty()


def authenticates(_: Vendor, daemon: Running, __: "Arrived") -> None:
    """Who shows no token, or another one, is not let in; over DIMSE nobody needs one."""
    assert sent(daemon, data_set()) == 0
    assert asked(daemon)[0] == 401
    assert asked(daemon, Authorization="Bearer another-one")[0] == 401
    assert asked(daemon, Authorization="Bearer an-example")[0] == 200


def infers(_: Vendor, daemon: Running, __: "Arrived") -> None:
    """The report on a gap in a series is stored beside it."""
    for number in (1, 2, 4):
        slice_ = {"InstanceNumber": str(number), "SOPInstanceUID": f"1.2.3.{number}"}
        assert sent(daemon, data_set(slice_)) == 0
    daemon.wait_for("job done", kind="persist")
    [reports] = [each for each in found(daemon) if each["00080060"]["Value"] == ["SR"]]
    assert reports["0008103E"]["Value"] == ["Missing slices"]


def found(daemon: Running) -> list[dict[str, dict[str, list[object]]]]:
    """The series that QIDO-RS finds."""
    address = daemon.http_url.removeprefix("http://")
    with closing(HTTPConnection(address, timeout=WITHIN_S)) as connection:
        connection.request("GET", "/dicomweb/studies/1.2.3/series?includefield=0008103E")
        answer = json.loads(connection.getresponse().read())
        assert isinstance(answer, list)
        return answer


WORKS: Mapping[str, Callable[[Vendor, Running, "Arrived"], None]] = {
    "ai": infers,
    "auth": authenticates,
    "gate": refuses,
    "route": routes,
    "store": keeps,
}
Arrived: TypeAlias = "queue.Queue[bytes]"
"""Data sets, as the peer was sent them."""
