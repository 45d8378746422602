"""`pacsd send` to pynetdicom as an independent SCP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage
from typer.testing import CliRunner, Result

from pacsd.app.cli.main import build
from tests.app.dicom_folder import JPEG, data_set, write
from tests.app.interrupted import interrupted
from tests.app.web_service import web_service
from tests.dicom.written import IMPLICIT
from tests.net.web_client.answering import answer, silent
from tests.net.web_client.test_delivery import response

RUNNER = CliRunner(env={"PACSD_CONFIG": None})


class Stores:
    """What came, from whom, and what it is answered with."""

    def __init__(self) -> None:
        self.status = 0x0000
        self.data_sets: dict[str, bytes] = {}
        self.callers: list[str] = []

    def store(self, event: evt.Event) -> int:
        data = event.request.DataSet.getvalue()
        self.data_sets[event.request.AffectedSOPInstanceUID] = data
        return self.status

    def accepted(self, event: evt.Event) -> None:
        self.callers.append(event.assoc.requestor.ae_title)


@pytest.fixture
def stores() -> Stores:
    return Stores()


@pytest.fixture
def peer(stores: Stores) -> Iterator[str]:
    ae = AE("STORE_SCP")
    ae.add_supported_context(CTImageStorage, [IMPLICIT.uid])
    handlers = [(evt.EVT_C_STORE, stores.store), (evt.EVT_ACCEPTED, stores.accepted)]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    yield f"STORE_SCP=127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def send(*arguments: object) -> Result:
    return RUNNER.invoke(build(), ["send", *map(str, arguments)])


def test_a_folder_is_sent(peer: str, stores: Stores, tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / "deep" / str(number), uid=f"1.2.{number}")
    done = send(peer, tmp_path, "--calling-ae", "OTHER", "--associations", 1)
    assert done.exit_code == 0, done.output
    expected = {f"1.2.{n}": data_set(f"1.2.{n}", IMPLICIT) for n in range(3)}
    assert stores.data_sets == expected
    assert stores.callers == ["OTHER"]
    assert "3 sent, 0 failed, 0.0 MB in " in done.stdout
    assert "Explicit VR Little Endian to Implicit VR Little Endian" in done.stdout
    assert done.stderr == ""


def test_what_fails_is_named(peer: str, stores: Stores, tmp_path: Path) -> None:
    good = write(tmp_path / "good", uid="1.1")
    bad = write(tmp_path / "bad", uid="1.2", syntax_uid=JPEG)
    (tmp_path / "readme").write_text("no DICOM")
    done = send(peer, tmp_path)
    assert done.exit_code == 1
    assert list(stores.data_sets) == ["1.1"]
    assert f"{bad}: not sent: the peer does not accept CT Image Storage" in done.stderr
    assert str(good) not in done.output
    assert "1 sent, 1 failed, 1 other files passed over" in done.stdout


def test_warnings_are_no_failures(peer: str, stores: Stores, tmp_path: Path) -> None:
    stores.status = 0xB007
    done = send(peer, write(tmp_path / "1"), "--json")
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert (said["sent"], said["warnings"], said["failed"]) == (1, 1, 0)


def test_refusals_are(peer: str, stores: Stores, tmp_path: Path) -> None:
    stores.status = 0xA700
    path = write(tmp_path / "1")
    done = send(peer, path, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["failures"] == [
        {"path": str(path), "status": "A700", "comment": ""}
    ]


def test_nothing_to_send(peer: str, tmp_path: Path) -> None:
    done = send(peer, tmp_path)
    assert done.exit_code == 1
    assert "nothing to send" in done.stderr


def test_nobody_there(tmp_path: Path) -> None:
    done = send("NOBODY=127.0.0.1:1", write(tmp_path / "1"))
    assert done.exit_code == 1
    assert "given up, not tried and not sent: 1: 127.0.0.1:1: Connect" in done.stderr
    assert "0 sent, 0 failed, 1 not tried, " in done.stdout


def test_nobody_there_for_programs(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / str(number), uid=f"1.2.{number}")
    done = send("NOBODY=127.0.0.1:1", tmp_path, "--json")
    assert done.exit_code == 1
    said = json.loads(done.stdout)
    assert (said["sent"], said["failed"], said["not_tried"]) == (0, 0, 3)


@pytest.mark.parametrize("arguments", [["UNKNOWN", "."], ["X=127.0.0.1:104", "/no/such/path"]])
def test_wrong_arguments(arguments: list[str]) -> None:
    assert send(*arguments).exit_code == 2


def test_an_interrupted_run_says_what_it_did(
    peer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("anyio.run", interrupted)
    done = send(peer, write(tmp_path / "1"), "--window", 1)
    assert done.exit_code == 130
    assert "given up, not tried and not sent: the rest: interrupted" in done.stderr


def test_to_a_dicomweb_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        write(tmp_path / str(number), uid=f"1.2.{number}", syntax_uid=JPEG)
    (tmp_path / "readme").write_text("no DICOM")
    monkeypatch.setenv("PACSD_HTTP_TOKEN", "a-token")
    with web_service(response("1.2.0", "1.2.1", failed=["1.2.2"], status=202)) as service:
        done = send(service.root, tmp_path, "--associations", 2, "--json")
    assert done.exit_code == 1, done.output
    said = json.loads(done.stdout)
    assert (said["peer"], said["sent"], said["failed"], said["skipped"]) == (service.root, 2, 1, 1)
    assert said["failures"] == [{"path": str(tmp_path / "2"), "status": "0110", "comment": ""}]
    assert said["reencoded"] == []
    assert service.asked[0].headers["authorization"] == "Bearer a-token"
    assert "a-token" not in done.output


def test_a_service_that_refuses_all(tmp_path: Path) -> None:
    write(tmp_path / "1")
    with web_service(answer(b"", "", status=401)) as service:
        done = send(service.root, tmp_path)
    assert done.exit_code == 1
    assert "given up, not tried and not sent: 1: HTTP 401 Unauthorized" in done.stderr
    assert f"{service.root}: 0 sent, 0 failed, 1 not tried" in done.stdout


def test_no_service_there(tmp_path: Path) -> None:
    done = send("http://127.0.0.1:1/dicomweb", write(tmp_path / "1"))
    assert done.exit_code == 1
    assert "127.0.0.1:1: Connect" in done.stderr


@pytest.mark.parametrize(
    "options", [("--window", 2), ("--calling-ae", "ME"), ("--ca", "x"), ("--token-file", "/none")]
)
def test_options_that_a_service_has_no_use_for(tmp_path: Path, options: tuple[str, object]) -> None:
    done = send("http://127.0.0.1:1/dicomweb", write(tmp_path / "1"), *options)
    assert done.exit_code == 2


@pytest.mark.parametrize("option", ["--ca", "--token-file"])
def test_options_that_an_ae_has_no_use_for(tmp_path: Path, option: str) -> None:
    done = send("X=127.0.0.1:1", write(tmp_path / "1"), option, "x")
    assert done.exit_code == 2
    assert "http:// peers" in done.stderr


def test_w41_an_interrupted_request_is_told(tmp_path: Path) -> None:
    write(tmp_path / "1")
    with web_service(silent) as service:
        arguments = ["send", service.root, str(tmp_path)]
        code, out, err = interrupted(arguments, lambda: bool(service.asked))
    assert code == 130
    assert "given up, not tried and not sent: the rest: interrupted" in err
    assert "0 sent, 0 failed" in out
